using System.Text;
using Radar.Embedded.Exchange.Wallex;
using Radar.Jobs.Fleet;
using Radar.Testing;
using Radar.Workers.Hosting;
using Radar.Workers.Tests.Producing.Wallex;

namespace Radar.Workers.Tests.Processes;

public sealed class DatabaseAwayTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task Database_AwayLongerThanALease_EverybodyWaitsAndTheSameProcessGoesOn()
    {
        await using var system = await FleetSystem.CreateAsync(postgres);
        system.StartAgent();
        await system.StartWorkerAsync(FleetSystem.Consumer);
        var before = await system.UntilAsync(FleetSystem.Consumer, WorkerState.Running);
        await system.CutDatabaseAsync();
        await Until.TrueAsync(
            async () => await system.CountAsync("SELECT count(*) FROM radar.leases WHERE until > clock_timestamp() - interval '6 seconds'") == 0,
            system.LogsAsync);
        Assert.True(before.Process!.Value.IsAlive);
        system.RestoreDatabase();
        var after = await system.UntilAsync(
            FleetSystem.Consumer, w => w.HeartbeatAt > before.HeartbeatAt!.Value.AddSeconds(6) && w.Actual == WorkerState.Running, "its heartbeat again");
        Assert.Equal((before.Pid, before.Epoch, 0), (after.Pid, after.Epoch, after.Restarts));
        await system.AskAsync(FleetSystem.Consumer, DesiredState.Delete);
        await system.UntilAsync(FleetSystem.Consumer, WorkerState.Deleted);
    }

    [Fact]
    public async Task Database_AwayLongerThanALease_NoAgentTakesWhatAnotherHas()
    {
        await using var system = (await FleetSystem.CreateAsync(postgres)).With("RADAR__LEASE__LASTS", "6");
        var first = system.StartAgent();
        foreach (var worker in (WorkerId[])[FleetSystem.Consumer, new("BTCUSDT/lightgbm/v2")])
        {
            await system.StartWorkerAsync(worker);
            await system.UntilAsync(worker, WorkerState.Running);
        }
        system.StartAgent("second");
        await Until.TrueAsync(async () => await system.CountAsync("SELECT count(*) FROM radar.agents WHERE until > clock_timestamp()") == 2, system.LogsAsync);
        var before = await system.FleetAsync();
        await system.CutDatabaseAsync();
        await Until.TrueAsync(async () => await system.CountAsync("SELECT count(*) FROM radar.leases WHERE until > clock_timestamp()") == 0, system.LogsAsync);

        // The first agent and the workers come back last: the second sees all their leases ended.
        int[] late = [first.Id, .. before.Select(w => w.Pid!.Value)];
        Assert.All(late, pid => FleetSystem.Signal(pid, 19));
        system.RestoreDatabase();
        await Until.TrueAsync(
            async () => await system.CountAsync("SELECT count(*) FROM radar.agents WHERE name = 'second' AND until > clock_timestamp()") == 1, system.LogsAsync);
        Assert.All(late, pid => FleetSystem.Signal(pid, 18));

        // And so on until it would take what has no living lease.
        const string Heard = "SELECT extract(epoch FROM min(heartbeat_at))::bigint FROM (SELECT heartbeat_at FROM radar.workers UNION ALL SELECT heartbeat_at FROM radar.agents) AS h";
        var restored = await system.CountAsync("SELECT extract(epoch FROM clock_timestamp())::bigint");
        await Until.TrueAsync(async () => await system.CountAsync(Heard) > restored + 8, system.LogsAsync);
        Assert.Equal(before.Select(Identity), (await system.FleetAsync()).Select(Identity));
        Assert.Equal(0, await system.CountAsync("SELECT count(*) FROM radar.worker_events WHERE message LIKE 'agent second took it over%'"));

        static (WorkerId, string?, int?, long, int) Identity(WorkerSnapshot worker) => (worker.Id, worker.Agent, worker.Pid, worker.Epoch, worker.Restarts);
    }

    [Fact]
    public async Task TradesProducer_DatabaseAwayLongerThanALease_GoesOnAndItsGapsAreKnownAfterwards()
    {
        await using var system = await FleetSystem.CreateAsync(postgres);
        await using var market = await Producing.Wallex.Market.OpenAsync(new WallexSettings { Markets = 3, TradesPerSecond = 60, DepthMarkets = 0, Window = 100_000 });
        system.With("RADAR__WALLEX__BASEURL", market.Address.ToString());
        var file = Path.Combine(system.Folder, "logs", "gaps", "wallex-trades.open");
        List<string> Published() => [.. Records.All(system.Broker.BootstrapServers, "radar_trades").Select(record => Encoding.UTF8.GetString(record.Message.Value))];
        system.StartAgent();
        await system.StartWorkerAsync(WorkerId.WallexTrades, WorkerKinds.WallexTrades);
        await system.UntilAsync(WorkerId.WallexTrades, WorkerState.Running);
        await Until.TrueAsync(async () => Published().Count > 100 && await system.CountAsync("SELECT count(*) FROM radar.open_gaps") == 0, system.LogsAsync);
        await system.CutDatabaseAsync();
        await Until.TrueAsync(
            async () => await system.CountAsync("SELECT count(*) FROM radar.leases WHERE until > clock_timestamp() - interval '3 seconds'") == 0, system.LogsAsync);

        await market.ControlAsync("rest=false");
        await market.ControlAsync("drop=abort");
        await Until.TrueAsync(() => File.Exists(file), "the gaps' file");
        var made = (await market.TradesAsync()).Count;
        var published = Published().Count;
        await Until.TrueAsync(async () => await market.CountAsync("trades") > made + 400 && Published().Count > published + 350, system.LogsAsync);
        Assert.Equal(3, File.ReadAllLines(file).Length);

        system.RestoreDatabase();
        await Until.TrueAsync(async () => await system.CountAsync("SELECT count(*) FROM radar.open_gaps") == 3 && !File.Exists(file), system.LogsAsync);
        await market.ControlAsync("rest=true");
        await Until.TrueAsync(async () => await system.CountAsync("SELECT count(*) FROM radar.open_gaps") == 0, system.LogsAsync);
        await market.ControlAsync("running=false");
        var said = (await market.TradesAsync()).Select(trade => trade.Frame).ToList();
        await Until.TrueAsync(() => !said.Except(Published()).Any(), "every trade");
        Assert.All(Published().CountBy(frame => frame), frame => Assert.True(frame.Value <= said.Count(trade => trade == frame.Key), frame.Key));
        await system.AskAsync(WorkerId.WallexTrades, DesiredState.Delete);
        await system.UntilAsync(WorkerId.WallexTrades, WorkerState.Deleted);
    }

    [Fact]
    public async Task Worker_TerminatedWhileItsDatabaseIsAway_Ends()
    {
        await using var system = await FleetSystem.CreateAsync(postgres);
        await system.StartWorkerAsync(FleetSystem.Consumer);
        var worker = system.Start("worker", ["prediction-consumer", "--worker", FleetSystem.Consumer.Value, "--agent", "x"]);
        await system.UntilAsync(FleetSystem.Consumer, WorkerState.Running);
        await system.CutDatabaseAsync();
        FleetSystem.Signal(worker.Id, 15);
        await worker.WaitForExitAsync();
        Assert.Equal(ExitCodes.Done, worker.ExitCode);
        system.RestoreDatabase();
    }

    [Fact]
    public async Task Worker_NoDatabaseAtStart_ByHandEndsWithTheReason_UnderAnAgentWaits()
    {
        await using var system = await FleetSystem.CreateAsync(postgres);
        await system.StartWorkerAsync(FleetSystem.Consumer);
        await system.CutDatabaseAsync();
        var byHand = system.Start("by-hand", ["prediction-consumer", "--worker", FleetSystem.Consumer.Value]);
        await byHand.WaitForExitAsync();
        Assert.Equal(ExitCodes.Unavailable, byHand.ExitCode);
        Assert.Contains("Radar:Database", await system.LogsAsync(), StringComparison.Ordinal);
        system.Start("waiting", ["prediction-consumer", "--worker", FleetSystem.Consumer.Value, "--agent", "x"]);
        await Until.TrueAsync(
            async () => File.Exists(Path.Combine(system.Folder, "waiting.log"))
                && (await File.ReadAllTextAsync(Path.Combine(system.Folder, "waiting.log"))).Contains("Waiting for PostgreSQL", StringComparison.Ordinal),
            system.LogsAsync);
        system.RestoreDatabase();
        await system.UntilAsync(FleetSystem.Consumer, WorkerState.Running);
    }

    [Fact]
    public async Task Worker_DeletedWhileItWaitsForALease_Ends()
    {
        await using var system = (await FleetSystem.CreateAsync(postgres)).With("RADAR__LEASE__LASTS", "60");
        var first = system.Start("first", ["prediction-consumer", "--worker", FleetSystem.Consumer.Value, "--register"]);
        await system.UntilAsync(FleetSystem.Consumer, WorkerState.Running);
        FleetSystem.Signal(first.Id, 19); // It keeps its lease, and hears nothing.
        var second = system.Start("second", ["prediction-consumer", "--worker", FleetSystem.Consumer.Value, "--agent", "x"]);
        await Until.TrueAsync(async () => (await system.LogsAsync()).Contains("Waiting: the lease of", StringComparison.Ordinal), system.LogsAsync);
        await system.AskAsync(FleetSystem.Consumer, DesiredState.Delete);
        await second.WaitForExitAsync();
        Assert.Equal(ExitCodes.Done, second.ExitCode);
    }

    [Fact]
    public async Task Worker_SecondProcessOfTheSame_GivesUpWithoutWriting()
    {
        await using var system = await FleetSystem.CreateAsync(postgres);
        var first = system.Start("first", ["prediction-consumer", "--worker", FleetSystem.Consumer.Value, "--register"]);
        var running = await system.UntilAsync(FleetSystem.Consumer, WorkerState.Running);
        var second = system.Start("second", ["prediction-consumer", "--worker", FleetSystem.Consumer.Value]);
        await second.WaitForExitAsync();
        Assert.Equal(ExitCodes.Held, second.ExitCode);
        Assert.Equal(running.Epoch, (await system.UntilAsync(FleetSystem.Consumer, WorkerState.Running)).Epoch);
    }
}
