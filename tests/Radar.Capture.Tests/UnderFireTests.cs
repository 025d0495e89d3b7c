using System.Globalization;
using Radar.Embedded.Exchange.Wallex;
using Radar.Testing;
using Xunit.Abstractions;

namespace Radar.Capture.Tests;

/// <summary>
/// The same on real servers while processes are killed, sockets drop and the way to each server is spoilt: nothing is lost, nothing is there twice.
/// </summary>
public sealed class UnderFireTests(ITestOutputHelper output)
{
    // How long each way is slow, half open and dead. The acceptance's three minutes are twenty seconds of each; fewer show the same.
    private static readonly TimeSpan Phase = TimeSpan.FromSeconds(double.Parse(Environment.GetEnvironmentVariable("RADAR_CAPTURE_SECONDS") ?? "36", CultureInfo.InvariantCulture) / 9);

    [SharedTheory(RealKafkaFixture.Needs)]
    [InlineData(20260301)]
    public async Task Composed_KilledAndCutOff_LosesNothingAndDoublesNothing(int seed)
    {
        await using var system = new ComposedSystem();
        await system.StartAsync(
            new WallexSettings { TradesPerSecond = 500, Markets = 100, DepthMarkets = 100, DepthPerSecond = 0.3, DropEvery = TimeSpan.FromSeconds(20) },
            ("RADAR__CLICKHOUSE__TIMEOUT", "10"));
        var random = new Random(seed);
        var victims = new Queue<Func<Task>>(new Func<Task>[]
        {
            () => system.KillAsync($"trades-sink/{random.Next(3) + 1}"),
            () => system.KillAsync($"depth-sink/{random.Next(2) + 1}"),
            () => system.KillAsync("wallex-trades"),
            () => system.KillAsync("wallex-depth"),
            async () =>
            {
                await system.ClickHouse.KillAsync();
                await system.ClickHouse.StartAgainAsync();
            },
        }.OrderBy(_ => random.Next()));

        foreach (var way in new[] { system.KafkaProxy, system.ClickHouseProxy, system.PostgresProxy }.OrderBy(_ => random.Next()))
        {
            way.Slow(64 * 1024);
            await PassAsync(system, random, victims);
            way.Silence();
            await PassAsync(system, random, victims);
            await way.CutAsync();
            await PassAsync(system, random, null);
            way.Restore();
        }
        while (victims.TryDequeue(out var kill))
        {
            await kill();
        }
        await system.Ledger.ControlAsync("running=false");

        await SettledAsync(system);
        using var server = system.ClickHouse.CreateClient();
        var missing = await EndState.AssertTradesAsync(system.Ledger, server, system.Gaps);
        var books = await EndState.AssertBooksAsync(system.Ledger, server, isUndisturbed: false);
        var said = await system.Ledger.CountsAsync();
        output.WriteLine($"{said}\n{missing} trades are missing, each in a listed gap; {books} books");
        Assert.InRange(missing, 0, said.GetProperty("trades").GetInt64() / 5);
        Assert.NotEqual(0, books);
    }

    // A phase of the market's own time, in which, at a seeded moment, somebody dies.
    private static async Task PassAsync(ComposedSystem system, Random random, Queue<Func<Task>>? victims)
    {
        var began = await system.Ledger.CountAsync("trades");
        var all = Phase.TotalSeconds * 500;
        var moment = random.NextDouble() * all;
        await system.AwaitAsync(async () => await system.Ledger.CountAsync("trades") - began >= moment, "the moment");
        if (victims?.TryDequeue(out var kill) == true)
        {
            await kill();
        }
        await system.AwaitAsync(async () => await system.Ledger.CountAsync("trades") - began >= all, "the end of the phase");
    }

    // Every worker runs, no producer has a gap left to repair or a frame to deliver, no sink anything to store, and the newest books had their interval.
    private static async Task SettledAsync(ComposedSystem system)
    {
        const string Sql = """
            SELECT count(*) FROM radar.workers WHERE kind IN ('wallex-trades', 'wallex-depth', 'trades-sink', 'depth-sink') AND actual = 'running'
            AND    heartbeat_at > now() - interval '10 seconds'
            AND    coalesce((figures->>'lag')::float8, 0) = 0 AND coalesce((figures->>'undelivered')::float8, 0) = 0 AND coalesce((figures->>'openGaps')::float8, 0) = 0
            """;
        using var server = system.ClickHouse.CreateClient();
        await system.AwaitAsync(
            async () => await system.CountAsync(Sql) == 7 && long.Parse(
                (await server.QueryAsync("SELECT toUnixTimestamp(now()) - greatest(toUnixTimestamp(max(timestamp)), toUnixTimestamp(max(ingestion_time))) FROM trades.orderbook_depth", default))[0][0]!,
                CultureInfo.InvariantCulture) > 20,
            "the system to settle");
    }
}
