using Radar.Jobs.Fleet;
using Radar.Market;
using Radar.Testing;

namespace Radar.Jobs.Tests.Fleet;

public sealed class WorkerReportsTests(PostgresFixture postgres) : FleetDatabase(postgres)
{
    [Fact]
    public async Task Report_OfALaterEpoch_SilencesTheEarlier()
    {
        await Fleet.StartAsync(Spec, "a", CancellationToken.None);
        var early = await BeginAsync(1);
        var late = await BeginAsync(2);
        Assert.False(await Reports.ReportAsync(early, WorkerState.Running, "too late", null, CancellationToken.None));
        Assert.Equal(Beat.Lost, await Reports.BeatAsync(early, Elsewhere(1), Long, "{}", null, CancellationToken.None));
        Assert.False(await Reports.BeginAsync(early, Elsewhere(1), CancellationToken.None));
        var worker = await FindAsync();
        Assert.Equal((WorkerState.Starting, late.Epoch, 2), (worker.Actual, worker.Epoch, worker.Pid));
    }

    [Fact]
    public async Task Report_ThatCannotFollow_IsRefused()
    {
        await Fleet.StartAsync(Spec, "a", CancellationToken.None);
        var fence = await BeginAsync();
        Assert.True(await Reports.ReportAsync(fence, WorkerState.Stopping, "x", null, CancellationToken.None));
        Assert.True(await Reports.ReportAsync(fence, WorkerState.Deleted, "x", null, CancellationToken.None));
        Assert.False(await Reports.ReportAsync(fence, WorkerState.Running, "x", null, CancellationToken.None));
        var worker = await FindAsync();
        Assert.Equal((WorkerState.Deleted, null), (worker.Actual, worker.Pid));
    }

    [Fact]
    public async Task Report_DeletedUnderAnAgent_KeepsTheProcessForTheAgentToSeeItsEnd()
    {
        await Fleet.StartAsync(Spec, "a", CancellationToken.None);
        var fence = await BeginAsync(7);
        await ExecuteAsync("UPDATE radar.workers SET agent = 'one'");
        Assert.True(await Reports.ReportAsync(fence, WorkerState.Deleted, "x", null, CancellationToken.None));
        Assert.Equal((WorkerState.Deleted, Elsewhere(7)), ((await FindAsync()).Actual, (await FindAsync()).Process!.Value));
    }

    [Fact]
    public async Task Beat_RenewsAndTells()
    {
        await Fleet.StartAsync(Spec, "a", CancellationToken.None);
        var fence = await BeginAsync();
        Assert.Equal(Beat.Renewed, await Reports.BeatAsync(fence, Elsewhere(1), Long, """{"lag": 3}""", "reconciling", CancellationToken.None));
        var worker = await FindAsync();
        Assert.Equal(("reconciling", """{"lag": 3}"""), (worker.Activity, worker.Figures));
        await ExecuteAsync("DELETE FROM radar.workers");
        Assert.Equal(Beat.Forgotten, await Reports.BeatAsync(fence, Elsewhere(1), Long, "{}", null, CancellationToken.None));
    }

    [Fact]
    public async Task Beat_OfAProcessThatAnAgentGaveUp_IsLostAndRenewsNothing()
    {
        await Fleet.StartAsync(Spec, "a", CancellationToken.None);
        var fence = await BeginAsync();
        await ExecuteAsync("UPDATE radar.leases SET until = clock_timestamp()");
        await ExecuteAsync("UPDATE radar.workers SET actual = 'wait', pid = NULL, process_start = NULL, boot_id = NULL"); // As a claim leaves it.
        Assert.Equal(Beat.Lost, await Reports.BeatAsync(fence, Elsewhere(1), Long, "{}", null, CancellationToken.None));
        await ExecuteAsync("UPDATE radar.workers SET actual = 'starting', pid = 2, process_start = 1, boot_id = 'elsewhere'"); // And its launch.
        Assert.Equal(Beat.Lost, await Reports.BeatAsync(fence, Elsewhere(1), Long, "{}", null, CancellationToken.None));
        Assert.False((await Leases.FindAsync(Worker.Value, CancellationToken.None))!.IsLive);
    }

    [Fact]
    public async Task Tell_OfALaterEpoch_SilencesTheEarlier()
    {
        await Fleet.StartAsync(Spec, "a", CancellationToken.None);
        var early = await BeginAsync(1);
        await Reports.TellAsync(early, "gap", "from here to there", CancellationToken.None);
        await BeginAsync(2);
        await Assert.ThrowsAsync<FencedException>(() => Reports.TellAsync(early, "gap", "too late", CancellationToken.None));
        Assert.Single(await EventsAsync(), e => e.StartsWith("gap", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Begin_UnknownDeletedOrFailed_IsFalse()
    {
        Assert.False(await Reports.BeginAsync(new Fence(Worker.Value, 1), Elsewhere(1), CancellationToken.None));
        await Fleet.StartAsync(Spec, "a", CancellationToken.None);
        await ExecuteAsync("UPDATE radar.workers SET actual = 'failed'");
        Assert.False(await Reports.BeginAsync(new Fence(Worker.Value, 1), Elsewhere(1), CancellationToken.None));
    }
}
