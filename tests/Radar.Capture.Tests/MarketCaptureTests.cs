using System.Globalization;
using Radar.Market.ClickHouse;
using Radar.Testing;
using Xunit.Abstractions;

namespace Radar.Capture.Tests;

/// <summary><c>radar up --market-capture</c> with a busy market, from the exchange's sockets to ClickHouse's tables.</summary>
public sealed class MarketCaptureTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    // The acceptance asks for three minutes; a part of them shows the same.
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(
        double.Parse(Environment.GetEnvironmentVariable("RADAR_CAPTURE_SECONDS") ?? "30", CultureInfo.InvariantCulture));

    [Fact]
    public async Task Up_BusyMarket_StoresEveryTradeOnceAndEachBookOnceAnInterval()
    {
        await using var system = new RadarSystem("capture");
        await system.UpAsync(
            "--market-capture", "--from", TimeProvider.System.GetUtcNow().AddHours(-2).ToString("yyyy-MM-ddTHH:mm:00", CultureInfo.InvariantCulture),
            "--exchange-options", "--wallex-trades 500 --wallex-markets 100 --wallex-depth-markets 100 --wallex-depth 0.3");
        using var ledger = new Ledger(new Uri(system.ServiceAddress("exchange")));
        using var server = new ClickHouseClient(
            new ClickHouseOptions { Url = new Uri(system.ServiceAddress("clickhouse")), User = "radar", Password = system.Secret("clickHousePassword") }, TimeProvider.System);

        var began = await ledger.CountAsync("trades");
        await Eventually.TrueAsync(async () => await ledger.CountAsync("trades") >= began + (500 * Long.TotalSeconds * 0.98), Long + Patience, "the market's trades");
        await ledger.ControlAsync("running=false");
        await DrainedAsync(system, ledger, server);

        Assert.Equal(0, await EndState.AssertTradesAsync(ledger, server, Path.Combine(system.State, "logs", "gaps", "wallex-trades.jsonl")));
        var books = await EndState.AssertBooksAsync(ledger, server, isUndisturbed: true);
        output.WriteLine($"{await ledger.CountsAsync()}\n{books} books");
        Assert.NotEqual(0, books);
        Assert.Equal(0, await system.CountAsync("SELECT sum((figures->>'lag')::float8)::bigint FROM radar.workers WHERE kind LIKE '%-sink'"));
        await AssertOperatorsQueriesAsync(server);
        var letters = await system.RunAsync("dead-letters", "list");
        Assert.Contains("No dead letters", letters.Output, StringComparison.Ordinal);
        await system.AssertCheckIsCleanAsync();
    }

    // Every trade that can be there is, the newest books too, and no sink has anything left to do.
    private static async Task DrainedAsync(RadarSystem system, Ledger ledger, ClickHouseClient server)
    {
        var distinct = await ledger.CountAsync("distinctTrades");
        await Eventually.TrueAsync(
            async () => long.Parse((await server.QueryAsync("SELECT uniqExact(trade_id) FROM trades.trades_master", default))[0][0]!, CultureInfo.InvariantCulture) == distinct,
            Patience, $"{distinct} distinct trades in ClickHouse");
        // The last frames are published with the next interval, and stored within the age of a batch.
        await Eventually.TrueAsync(
            async () => long.Parse((await server.QueryAsync("SELECT toUnixTimestamp(now()) - toUnixTimestamp(max(timestamp)) FROM trades.orderbook_depth", default))[0][0]!, CultureInfo.InvariantCulture) > 16
                && await system.CountAsync("SELECT coalesce(sum((figures->>'lag')::float8), 1)::bigint FROM radar.workers WHERE kind LIKE '%-sink'") == 0,
            Patience, "the last books and no lag");
    }

    private static async Task AssertOperatorsQueriesAsync(ClickHouseClient server)
    {
        Assert.Equal(5, (await server.QueryAsync("SELECT symbol, side, price, base_amount, event_time FROM trades.trades_master ORDER BY event_time DESC LIMIT 5", default)).Count);
        Assert.Equal(5, (await server.QueryAsync("SELECT symbol, side, levels, timestamp FROM trades.orderbook_depth ORDER BY timestamp DESC LIMIT 5", default)).Count);
        Assert.Equal(["orderbook_depth", "trades_master"], (await server.QueryAsync("SHOW TABLES FROM trades", default)).Select(row => row[0]));
        foreach (var table in (string[])["trades_master", "orderbook_depth"])
        {
            Assert.True(long.Parse((await server.QueryAsync($"SELECT count(*) FROM trades.{table}", default))[0][0]!, CultureInfo.InvariantCulture) > 0);
        }
    }
}
