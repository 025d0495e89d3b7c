using Radar.Jobs.Fleet;
using Radar.Market;
using Radar.Market.Candles;
using Radar.Testing;

namespace Radar.Workers.Tests.Processes;

/// <summary>What is asked is heard in the middle of anything.</summary>
public sealed class WishTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private static readonly WorkerId Transformer = new("BTCUSDT/tst/v1");

    [Fact]
    public async Task Reconciling_PausedResumedAndDeleted_StopsInTheMiddleAndLosesNothing()
    {
        await using var system = await FleetSystem.CreateAsync(postgres);
        var table = new CandleTable(system.Database, "BTCUSDT");
        await table.EnsureAsync(CancellationToken.None);
        await table.InsertAsync(Work.Candles(0, 100_000), null, CancellationToken.None);
        system.StartAgent();
        await system.StartWorkerAsync(Transformer);
        await system.UntilAsync(Transformer, w => w.Activity?.StartsWith("reconciling", StringComparison.Ordinal) == true, "it to reconcile");
        await system.AskAsync(Transformer, DesiredState.Pause);
        await system.UntilAsync(Transformer, WorkerState.Paused);
        var paused = await system.CountAsync("SELECT count(tst_1) FROM btcusdt");
        Assert.InRange(paused, 1, 99_000);
        await system.AskAsync(Transformer, DesiredState.Start);
        await system.UntilAsync(Transformer, WorkerState.Starting);
        await Until.TrueAsync(async () => await system.CountAsync("SELECT count(tst_1) FROM btcusdt") > paused, system.LogsAsync);
        await system.AskAsync(Transformer, DesiredState.Delete);
        await system.UntilAsync(Transformer, WorkerState.Deleted);
        Assert.Equal(0, await system.CountAsync("SELECT count(*) FROM radar.workers WHERE error IS NOT NULL"));
    }

    [Fact]
    public async Task WaitingForABroker_Deleted_Ends()
    {
        await using var system = (await FleetSystem.CreateAsync(postgres)).With("RADAR__KAFKA__BOOTSTRAPSERVERS", "127.0.0.1:1");
        system.StartAgent();
        await system.StartWorkerAsync(FleetSystem.Consumer);
        await system.UntilAsync(FleetSystem.Consumer, w => w.Activity == "waiting for Kafka", "it to wait for Kafka");
        await system.AskAsync(FleetSystem.Consumer, DesiredState.Delete);
        await system.UntilAsync(FleetSystem.Consumer, WorkerState.Deleted);
    }

    [Fact]
    public async Task Restarting_DeletedInBackoff_EndsWithoutAProcess()
    {
        await using var system = (await FleetSystem.CreateAsync(postgres)).With("RADAR__AGENT__FIRSTDELAY", "60");
        system.StartAgent();
        await system.StartWorkerAsync(FleetSystem.Consumer);
        var running = await system.UntilAsync(FleetSystem.Consumer, WorkerState.Running);
        FleetSystem.Signal(running.Pid!.Value, 9);
        await system.UntilAsync(FleetSystem.Consumer, WorkerState.Backoff);
        await system.AskAsync(FleetSystem.Consumer, DesiredState.Delete);
        await system.UntilAsync(FleetSystem.Consumer, WorkerState.Deleted);
    }

    [Fact]
    public async Task Deleted_ProcessHangsAfterItsLastWord_KeepsItsPidUntilTheAgentHasKilledIt()
    {
        await using var system = (await FleetSystem.CreateAsync(postgres)).With("RADAR__AGENT__TERMINATEAFTER", "1").With("RADAR__AGENT__KILLAFTER", "1");
        system.StartAgent();
        await system.StartWorkerAsync(FleetSystem.Consumer);
        var running = await system.UntilAsync(FleetSystem.Consumer, WorkerState.Running);
        FleetSystem.Signal(running.Pid!.Value, 19);
        await system.AskAsync(FleetSystem.Consumer, DesiredState.Delete);
        // Its last words, as it would have said them itself a moment before.
        var (fence, reports) = (new Fence(FleetSystem.Consumer.Value, running.Epoch), new WorkerReports(system.Database));
        Assert.True(await reports.ReportAsync(fence, WorkerState.Stopping, "a test", null, CancellationToken.None));
        Assert.True(await reports.ReportAsync(fence, WorkerState.Deleted, "a test", null, CancellationToken.None));
        Assert.Equal(running.Process, (await system.Fleet.FindAsync(FleetSystem.Consumer, CancellationToken.None))!.Process);

        await system.UntilAsync(FleetSystem.Consumer, w => w is { Actual: WorkerState.Deleted, Pid: null }, "its agent to see that its process is gone");
        Assert.False(running.Process!.Value.IsAlive);
        Assert.Contains("Sent SIGKILL", await system.LogsAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deleted_AgentDeadBefore_AnotherAgentForgetsTheProcess()
    {
        await using var system = await FleetSystem.CreateAsync(postgres);
        var agent = system.StartAgent();
        await system.StartWorkerAsync(FleetSystem.Consumer);
        var running = await system.UntilAsync(FleetSystem.Consumer, WorkerState.Running);
        FleetSystem.Signal(agent.Id, 9);
        await agent.WaitForExitAsync();
        await system.AskAsync(FleetSystem.Consumer, DesiredState.Delete);
        var deleted = await system.UntilAsync(FleetSystem.Consumer, WorkerState.Deleted);
        Assert.Equal(running.Pid, deleted.Pid);
        system.StartAgent("second");
        await system.UntilAsync(FleetSystem.Consumer, w => w is { Agent: "second", Pid: null }, "the second agent to take its row over");
    }
}
