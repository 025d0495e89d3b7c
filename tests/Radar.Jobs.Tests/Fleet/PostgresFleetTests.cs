using Radar.Jobs.Fleet;
using Radar.Testing;

namespace Radar.Jobs.Tests.Fleet;

public sealed class PostgresFleetTests(PostgresFixture postgres) : FleetDatabase(postgres)
{
    [Fact]
    public async Task Start_NewWorker_WaitsAndRemembersWhoAsked()
    {
        await Fleet.StartAsync(Spec, "a test", CancellationToken.None);
        var worker = await FindAsync();
        Assert.Equal((DesiredState.Start, WorkerState.Wait, "a test", 0L), (worker.Desired, worker.Actual, worker.DesiredBy, worker.Epoch));
        Assert.Equal("1", worker.Settings["Radar:X"]);
    }

    [Fact]
    public async Task Start_WorkerThatRuns_LeavesItAsItIs()
    {
        await Fleet.StartAsync(Spec, "first", CancellationToken.None);
        await Reports.ReportAsync(await BeginAsync(), WorkerState.Running, "test", null, CancellationToken.None);
        await Fleet.StartAsync(Spec, "second", CancellationToken.None);
        var worker = await FindAsync();
        Assert.Equal((WorkerState.Running, "first"), (worker.Actual, worker.DesiredBy));
    }

    [Theory]
    [InlineData("deleted")]
    [InlineData("failed")]
    public async Task Start_DeletedOrFailedWorker_BeginsAgain(string actual)
    {
        await Fleet.StartAsync(Spec, "first", CancellationToken.None);
        await ExecuteAsync($"UPDATE radar.workers SET actual = '{actual}', restarts = 7, error = 'x', desired = '{(actual == "deleted" ? "delete" : "start")}'");
        await Fleet.StartAsync(Spec, "second", CancellationToken.None);
        var worker = await FindAsync();
        Assert.Equal((WorkerState.Wait, 0, null, DesiredState.Start), (worker.Actual, worker.Restarts, worker.Error, worker.Desired));
        Assert.Contains($"wait: begins again: was {actual}", await EventsAsync());
    }

    [Fact]
    public async Task Ask_UnknownWorker_IsFalse() =>
        Assert.False(await Fleet.AskAsync(Worker, DesiredState.Pause, "a test", CancellationToken.None));

    [Fact]
    public async Task Ask_TheSameTwice_IsOneEvent()
    {
        await Fleet.StartAsync(Spec, "a", CancellationToken.None);
        Assert.True(await Fleet.AskAsync(Worker, DesiredState.Pause, "b", CancellationToken.None));
        Assert.True(await Fleet.AskAsync(Worker, DesiredState.Pause, "c", CancellationToken.None));
        Assert.Equal(["desired: pause asked by b"], await EventsAsync());
    }

    [Fact]
    public async Task Wait_ChangeElsewhere_WakesAtOnce()
    {
        await Fleet.StartAsync(Spec, "a", CancellationToken.None);
        var wait = Fleet.WaitAsync(
            all => all.Any(w => w.Actual == WorkerState.Running), _ => "nobody runs", Long, CancellationToken.None);
        await Reports.ReportAsync(await BeginAsync(), WorkerState.Running, "test", null, CancellationToken.None);
        await wait;
    }

    [Fact]
    public async Task Wait_DeadlinePasses_NamesWhoIsMissing()
    {
        await Fleet.StartAsync(Spec, "a", CancellationToken.None);
        var late = await Assert.ThrowsAsync<TimeoutException>(() => Fleet.WaitAsync(
            _ => false, all => $"{all[0].Id} is {all[0].Actual.Word()}", TimeSpan.FromMilliseconds(50), CancellationToken.None));
        Assert.Contains("BTCUSDT/lightgbm/v1 is wait", late.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Clean_DeletedWorker_ForgetsItButNeverReusesItsEpoch()
    {
        await Fleet.StartAsync(Spec, "a", CancellationToken.None);
        var old = await BeginAsync();
        await Fleet.AskAsync(Worker, DesiredState.Delete, "a", CancellationToken.None);
        await Reports.ReportAsync(old, WorkerState.Stopping, "test", null, CancellationToken.None);
        await Reports.ReportAsync(old, WorkerState.Deleted, "test", null, CancellationToken.None);
        Assert.Equal(1, await Fleet.CleanAsync(CancellationToken.None));
        Assert.Empty(await Fleet.ListAsync(CancellationToken.None));
        await Fleet.StartAsync(Spec, "b", CancellationToken.None);
        Assert.True((await BeginAsync()).Epoch > old.Epoch);
    }

    [Fact]
    public async Task Clean_DeletedWorkerWhoseProcessHangs_KeepsItUntilThatEnds()
    {
        await Fleet.StartAsync(Spec, "a", CancellationToken.None);
        var fence = await BeginAsync();
        await ExecuteAsync("UPDATE radar.workers SET agent = 'one'");
        await Fleet.AskAsync(Worker, DesiredState.Delete, "a", CancellationToken.None);
        await Reports.ReportAsync(fence, WorkerState.Deleted, "test", null, CancellationToken.None);
        Assert.Equal(0, await Fleet.CleanAsync(CancellationToken.None));
        await ExecuteAsync("UPDATE radar.workers SET pid = NULL");
        Assert.Equal(1, await Fleet.CleanAsync(CancellationToken.None));
    }
}
