using Radar.Jobs.Fleet;
using Radar.Testing;

namespace Radar.Workers.Tests.Processes;

/// <summary>Real agents, real workers, real signals.</summary>
public sealed class AgentTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private const int Kill = 9;
    private const int Terminate = 15;
    private const int Continue = 18;
    private const int Stop = 19;

    [Fact]
    public async Task Worker_StartedPausedResumedDeleted_AnswersEach()
    {
        await using var system = await FleetSystem.CreateAsync(postgres);
        system.StartAgent();
        await system.StartWorkerAsync(FleetSystem.Consumer);
        var running = await system.UntilAsync(FleetSystem.Consumer, WorkerState.Running);
        await system.AskAsync(FleetSystem.Consumer, DesiredState.Pause);
        await system.UntilAsync(FleetSystem.Consumer, WorkerState.Paused);
        await system.AskAsync(FleetSystem.Consumer, DesiredState.Start);
        var resumed = await system.UntilAsync(FleetSystem.Consumer, WorkerState.Running);
        Assert.Equal((running.Pid, running.Epoch), (resumed.Pid, resumed.Epoch));
        await system.AskAsync(FleetSystem.Consumer, DesiredState.Delete);
        await system.UntilAsync(FleetSystem.Consumer, WorkerState.Deleted);
        await Until.TrueAsync(() => !running.Process!.Value.IsAlive, "its process to end");
        await system.StartWorkerAsync(FleetSystem.Consumer);
        Assert.True((await system.UntilAsync(FleetSystem.Consumer, WorkerState.Running)).Epoch > running.Epoch);
    }

    [Fact]
    public async Task Worker_Killed_IsStartedAgainUnderALaterEpoch()
    {
        await using var system = await FleetSystem.CreateAsync(postgres);
        system.StartAgent();
        await system.StartWorkerAsync(FleetSystem.Consumer);
        var first = await system.UntilAsync(FleetSystem.Consumer, WorkerState.Running);
        FleetSystem.Signal(first.Pid!.Value, Kill);
        var second = await system.UntilAsync(FleetSystem.Consumer, w => w.Actual == WorkerState.Running && w.Epoch > first.Epoch, "a second process");
        Assert.Equal(1, second.Restarts);
        Assert.Equal(1, await system.CountAsync("SELECT count(*) FROM radar.worker_events WHERE event = 'backoff' AND message LIKE '%signal 9%'"));
    }

    [Fact]
    public async Task Worker_Terminated_StopsCleanlyAndIsStartedAgain()
    {
        await using var system = await FleetSystem.CreateAsync(postgres);
        system.StartAgent();
        await system.StartWorkerAsync(FleetSystem.Consumer);
        var first = await system.UntilAsync(FleetSystem.Consumer, WorkerState.Running);
        FleetSystem.Signal(first.Pid!.Value, Terminate);
        var second = await system.UntilAsync(FleetSystem.Consumer, w => w.Actual == WorkerState.Running && w.Epoch > first.Epoch, "a second process");
        Assert.Equal(0, second.Restarts);
    }

    [Fact]
    public async Task Worker_Hung_IsKilledAndReplaced()
    {
        await using var system = await FleetSystem.CreateAsync(postgres);
        system.StartAgent();
        await system.StartWorkerAsync(FleetSystem.Consumer);
        var first = await system.UntilAsync(FleetSystem.Consumer, WorkerState.Running);
        FleetSystem.Signal(first.Pid!.Value, Stop);
        await system.UntilAsync(FleetSystem.Consumer, w => w.Actual == WorkerState.Running && w.Epoch > first.Epoch, "a replacement");
        Assert.False(first.Process!.Value.IsAlive);
    }

    [Fact]
    public async Task Agent_KilledAndStartedAgain_AdoptsItsWorkers()
    {
        await using var system = await FleetSystem.CreateAsync(postgres);
        var agent = system.StartAgent();
        await system.StartWorkerAsync(FleetSystem.Consumer);
        var before = await system.UntilAsync(FleetSystem.Consumer, WorkerState.Running);
        FleetSystem.Signal(agent.Id, Kill);
        await agent.WaitForExitAsync();
        var next = system.StartAgent();
        await Until.TrueAsync(
            async () => await system.CountAsync($"SELECT count(*) FROM radar.agents WHERE pid = {next.Id}") == 1, system.LogsAsync);
        var adopted = await system.UntilAsync(FleetSystem.Consumer, WorkerState.Running);
        Assert.Equal((before.Pid, before.Epoch), (adopted.Pid, adopted.Epoch));
        FleetSystem.Signal(adopted.Pid!.Value, Kill); // And it is supervised as before.
        await system.UntilAsync(FleetSystem.Consumer, w => w.Actual == WorkerState.Running && w.Epoch > before.Epoch, "a second process");
    }

    [Fact]
    public async Task Agent_DeadWithItsWorkerStopped_IsReplacedByASecond_AndTheStoppedEndsByItself()
    {
        await using var system = await FleetSystem.CreateAsync(postgres);
        var agent = system.StartAgent();
        await system.StartWorkerAsync(FleetSystem.Consumer);
        var first = await system.UntilAsync(FleetSystem.Consumer, WorkerState.Running);
        FleetSystem.Signal(agent.Id, Stop);
        FleetSystem.Signal(first.Pid!.Value, Stop);
        system.StartAgent("second");
        var second = await system.UntilAsync(
            FleetSystem.Consumer, w => w.Actual == WorkerState.Running && w.Epoch > first.Epoch && w.Agent == "second", "a replacement under the second agent");
        Assert.True(first.Process!.Value.IsAlive);
        FleetSystem.Signal(first.Pid.Value, Continue);
        await Until.TrueAsync(() => !first.Process!.Value.IsAlive, "the stopped process to end by itself");
        FleetSystem.Signal(agent.Id, Continue);
        var still = await system.UntilAsync(FleetSystem.Consumer, WorkerState.Running);
        Assert.Equal((second.Pid, second.Epoch, "second"), (still.Pid, still.Epoch, still.Agent));
        Assert.Contains("Fenced", await system.LogsAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Agent_Terminated_LeavesItsWorkers_UnlessToldToStopThem()
    {
        await using var system = await FleetSystem.CreateAsync(postgres);
        var agent = system.StartAgent();
        await system.StartWorkerAsync(FleetSystem.Consumer);
        var worker = await system.UntilAsync(FleetSystem.Consumer, WorkerState.Running);
        FleetSystem.Signal(agent.Id, Terminate);
        await agent.WaitForExitAsync();
        Assert.Equal((0, true), (agent.ExitCode, worker.Process!.Value.IsAlive));
        var next = system.StartAgent("first", "--stop-workers");
        await Until.TrueAsync(async () => await system.CountAsync($"SELECT count(*) FROM radar.agents WHERE pid = {next.Id}") == 1, system.LogsAsync);
        FleetSystem.Signal(next.Id, Terminate);
        await next.WaitForExitAsync();
        Assert.False(worker.Process!.Value.IsAlive);
        await system.UntilAsync(FleetSystem.Consumer, WorkerState.Wait);
    }

    [Fact]
    public async Task Worker_WhoseModelIsMissing_FailsWithTheReasonAndIsNotRestarted()
    {
        await using var system = await FleetSystem.CreateAsync(postgres);
        system.StartAgent();
        var id = new WorkerId("BTCUSDT/lightgbm/v9");
        await system.StartWorkerAsync(id);
        var failed = await system.UntilAsync(id, WorkerState.Failed);
        Assert.Contains("Radar:Models:Directory", failed.Error, StringComparison.Ordinal);
        Assert.Equal(0, failed.Restarts);
        await system.AskAsync(id, DesiredState.Delete);
        await system.UntilAsync(id, WorkerState.Deleted);
    }

    [Fact]
    public async Task Worker_WhoseSettingIsWrong_FailsAtOnceWithTheReason()
    {
        await using var system = (await FleetSystem.CreateAsync(postgres)).With("RADAR__KAFKA__FETCHWAIT", "soon");
        system.StartAgent();
        await system.StartWorkerAsync(FleetSystem.Consumer);
        var failed = await system.UntilAsync(FleetSystem.Consumer, WorkerState.Failed);
        Assert.StartsWith("Radar:Kafka:FetchWait is 'soon'", failed.Error, StringComparison.Ordinal);
        Assert.Equal(0, await system.CountAsync("SELECT count(*) FROM radar.worker_events WHERE event = 'backoff'"));
    }

    [Fact]
    public async Task Worker_ThatDiesAgainAndAgain_FailsWithItsLastLines()
    {
        await using var system = (await FleetSystem.CreateAsync(postgres)).With("RADAR__AGENT__MAXRESTARTS", "1");
        system.StartAgent();
        await system.StartWorkerAsync(FleetSystem.Consumer);
        var first = await system.UntilAsync(FleetSystem.Consumer, WorkerState.Running);
        FleetSystem.Signal(first.Pid!.Value, Kill);
        var second = await system.UntilAsync(FleetSystem.Consumer, w => w.Actual == WorkerState.Running && w.Epoch > first.Epoch, "a second process");
        FleetSystem.Signal(second.Pid!.Value, Kill);
        var failed = await system.UntilAsync(FleetSystem.Consumer, WorkerState.Failed);
        Assert.Contains("signal 9", failed.Error, StringComparison.Ordinal);
        Assert.Contains($"Started {FleetSystem.Consumer} as process {second.Pid}", failed.Error, StringComparison.Ordinal);
    }
}
