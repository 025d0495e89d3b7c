using Radar.Jobs.Fleet;
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
}
