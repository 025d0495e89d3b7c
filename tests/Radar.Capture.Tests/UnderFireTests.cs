using System.Globalization;
using System.Text.Json;
using Radar.Embedded.Exchange.Wallex;
using Radar.Testing;
using Xunit.Abstractions;

namespace Radar.Capture.Tests;

/// <summary>
/// The same on real servers while processes are killed, sockets drop and the way to each server is spoilt: nothing is lost, nothing is there twice.
/// </summary>
public sealed class UnderFireTests(ITestOutputHelper output)
{
    private const string Workers = "FROM radar.workers WHERE kind IN ('wallex-trades', 'wallex-depth', 'trades-sink', 'depth-sink') AND actual = 'running'";
    private const int AllWorkers = 7;
    private const int Markets = 100;

    private static readonly TimeSpan Length = TimeSpan.FromSeconds(double.Parse(Environment.GetEnvironmentVariable("RADAR_CAPTURE_SECONDS") ?? "36", CultureInfo.InvariantCulture));

    // How long each way is slow, half open and dead. The acceptance's three minutes are twenty seconds of each; fewer show the same.
    private static readonly TimeSpan Phase = Length / 9;

    // In a run as long as the acceptance's one of the ways is never dead: it is half open for so long that its clients have to notice it by themselves.
    private static readonly bool OneStaysHalfOpen = Length >= TimeSpan.FromMinutes(3);
    private static readonly TimeSpan HalfOpen = TimeSpan.FromSeconds(Math.Max(35, Phase.TotalSeconds));

    [SharedTheory(RealKafkaFixture.Needs)]
    [InlineData(20260301)]
    public async Task Composed_KilledAndCutOff_LosesNothingAndDoublesNothing(int seed)
    {
        await using var system = new ComposedSystem();
        await system.StartAsync(
            new WallexSettings { TradesPerSecond = 500, Markets = Markets, DepthMarkets = Markets, DepthPerSecond = 0.3, DropEvery = TimeSpan.FromSeconds(20) },
            ("RADAR__CLICKHOUSE__TIMEOUT", "10"));
        var random = new Random(seed);
        var (trades, depth) = ($"trades-sink/{random.Next(3) + 1}", $"depth-sink/{random.Next(2) + 1}");
        var victims = new Queue<Func<Task<bool>>>(new Func<Task<bool>>[]
        {
            () => system.KillAsync(trades),
            () => system.KillAsync(depth),
            () => system.KillAsync("wallex-trades"),
            () => system.KillAsync("wallex-depth"),
            async () =>
            {
                await system.ClickHouse.KillAsync();
                await system.ClickHouse.StartAgainAsync();
                return true;
            },
        }.OrderBy(_ => random.Next()));

        var ways = new[] { system.KafkaProxy, system.ClickHouseProxy, system.PostgresProxy }.OrderBy(_ => random.Next()).ToList();
        var halfOpen = OneStaysHalfOpen ? ways[random.Next(ways.Count)] : null;
        foreach (var way in ways)
        {
            way.Slow(64 * 1024);
            await PassAsync(system, random, victims, Phase);
            way.Silence();
            await PassAsync(system, random, victims, way == halfOpen ? HalfOpen : Phase);
            if (way != halfOpen)
            {
                await way.CutAsync();
                await PassAsync(system, random, null, Phase);
            }
            way.Restore();
        }
        while (victims.TryDequeue(out var kill))
        {
            await system.AwaitAsync(kill, "somebody to be there who can be killed");
        }

        await SpeakOnceMoreAsync(system);
        await SettledAsync(system);
        using var server = system.ClickHouse.CreateClient();
        var missing = await EndState.AssertTradesAsync(system.Ledger, server, system.Gaps);
        var books = await EndState.AssertBooksAsync(system.Ledger, server, isUndisturbed: false);
        await EndState.AssertStoredAsync(DepthTopic.Read(system.BootstrapServers), server);
        var said = await system.Ledger.CountsAsync();
        output.WriteLine($"{said}\n{missing} trades are missing, each in a listed gap; {books} books");
        Assert.InRange(missing, 0, said.GetProperty("trades").GetInt64() / 5);
        Assert.NotEqual(0, books);
        Assert.True(await system.CountAsync("SELECT (figures->>'repairedTrades')::float8::bigint FROM radar.workers WHERE worker_id = 'wallex-trades'") > 0);
    }

    // A phase of the market's own time, in which, at a seeded moment, somebody dies. Whoever is dead already, and cannot be started meanwhile, has his turn later.
    private static async Task PassAsync(ComposedSystem system, Random random, Queue<Func<Task<bool>>>? victims, TimeSpan phase)
    {
        var began = await system.Ledger.CountAsync("trades");
        var all = phase.TotalSeconds * 500;
        var moment = random.NextDouble() * all;
        await system.AwaitAsync(async () => await system.Ledger.CountAsync("trades") - began >= moment, "the moment");
        if (victims?.TryDequeue(out var kill) == true)
        {
            var killed = false;
            await system.AwaitAsync(async () => (killed = await kill()) || await system.Ledger.CountAsync("trades") - began >= all, "somebody's end");
            if (!killed)
            {
                victims.Enqueue(kill);
            }
        }
        await system.AwaitAsync(async () => await system.Ledger.CountAsync("trades") - began >= all, "the end of the phase");
    }

    // A subscription brings no book that was said before it. So the market's last word on each side is said while all are listening, and nobody was cut off.
    private static async Task SpeakOnceMoreAsync(ComposedSystem system)
    {
        await using var clock = system.Database.CreateCommand("SELECT now()");
        var since = (DateTime)(await clock.ExecuteScalarAsync())!;
        await system.AwaitAsync(
            async () => await system.CountAsync($"SELECT count(*) {Workers} AND heartbeat_at > '{since:O}'") == AllWorkers, "every worker to run");
        await system.Ledger.ControlAsync("running=false&drops=false");
        var sides = (await system.Ledger.BooksAsync()).Keys.ToList();
        for (var price = 1; ; price++)
        {
            var (lines, before) = await ListeningAsync(system);
            foreach (var (symbol, side) in sides)
            {
                await system.Ledger.SayAsync($$"""["{{symbol}}@{{side}}Depth",[{"price":{{price}},"quantity":1,"sum":{{price}}}]]""");
            }
            await system.AwaitAsync(async () => await system.Ledger.CountAsync("queuedFrames") == 0, "the last books to be on their way");
            var after = Lines(await system.Ledger.CountsAsync());
            if (after == lines && (await system.Ledger.BooksAsync()).Values.All(books => books[^1].Sent >= 1))
            {
                return;
            }
            Assert.True(price < 20, $"Connections do not stay: {before} became {await system.Ledger.CountsAsync()}.");
        }
    }

    // Trades of every market, and both sides of its book.
    private static async Task<((long Opened, long Ended) Lines, JsonElement Counts)> ListeningAsync(ComposedSystem system)
    {
        JsonElement counts = default;
        await system.AwaitAsync(
            async () =>
            {
                counts = await system.Ledger.CountsAsync();
                return counts.GetProperty("subscriptions").GetInt64() >= 3 * Markets && counts.GetProperty("queuedFrames").GetInt64() == 0;
            },
            "every channel to be listened to");
        return (Lines(counts), counts);
    }

    private static (long Opened, long Ended) Lines(JsonElement counts) =>
        (counts.GetProperty("socketsOpened").GetInt64(), counts.GetProperty("ends").EnumerateObject().Sum(end => end.Value.GetInt64()));

    // Every worker runs, no producer has a gap left to repair or a frame to deliver, no sink anything to store, and the newest books had their interval.
    private static async Task SettledAsync(ComposedSystem system)
    {
        const string Sql = $"""
            SELECT count(*) {Workers}
            AND    heartbeat_at > now() - interval '10 seconds'
            AND    coalesce((figures->>'lag')::float8, 0) = 0 AND coalesce((figures->>'undelivered')::float8, 0) = 0 AND coalesce((figures->>'openGaps')::float8, 0) = 0
            """;
        using var server = system.ClickHouse.CreateClient();
        await system.AwaitAsync(
            async () => await system.CountAsync(Sql) == AllWorkers && long.Parse(
                (await server.QueryAsync("SELECT toUnixTimestamp(now()) - greatest(toUnixTimestamp(max(timestamp)), toUnixTimestamp(max(ingestion_time))) FROM trades.orderbook_depth", default))[0][0]!,
                CultureInfo.InvariantCulture) > 20,
            "the system to settle");
    }
}
