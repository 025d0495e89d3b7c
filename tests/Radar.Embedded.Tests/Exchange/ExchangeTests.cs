using System.Net;
using System.Text.Json;
using Radar.Embedded.Exchange;
using Radar.Market;
using Radar.Market.Binance;
using Radar.Testing;

namespace Radar.Embedded.Tests.Exchange;

/// <summary>The simulated exchange, and the client that must get on with it.</summary>
public sealed class ExchangeTests
{
    private const long From = 1_767_225_600_000; // 2026-01-01 00:00
    private const long Minute = 60_000;

    private static ExchangeSettings Simulated(int minutes) => new()
    {
        From = From,
        To = From + (minutes * Minute),
        HistoryUntil = From + (minutes * Minute / 2),
        Speed = double.PositiveInfinity,
        WeightLimit = 1_000_000,
    };

    [Fact]
    public async Task Feed_HostileExchange_YieldsEveryCandleOnceInOrder()
    {
        var settings = Simulated(600) with
        {
            Faults = FaultPlan.Kinds.ToDictionary(kind => kind, _ => 4),
            FaultSpan = 60,
        };
        await using var exchange = await ExchangeServer.StartAsync(settings, TimeProvider.System, CancellationToken.None);

        var candles = await ReadAsync(exchange, 600, new ExchangeOptions { PageSize = 10, Timeout = TimeSpan.FromMilliseconds(500) });

        Assert.Equal(Enumerable.Range(0, 600).Select(minute => From + (minute * Minute)), candles.Select(candle => candle.OpenTime));
        var expected = new SimulatedCandles(settings.Seed, settings.From, settings.To).Between("BTCUSDT", settings.From, settings.To!.Value);
        Assert.Equal(expected, candles);
        using var ledger = await LedgerAsync(exchange);
        Assert.All(FaultPlan.Kinds, kind => Assert.Equal(4, ledger.RootElement.GetProperty("faults").GetProperty(kind).GetInt32()));
        Assert.Equal(0, ledger.RootElement.GetProperty("callsWhileBanned").GetInt32());
        Assert.True(ledger.RootElement.GetProperty("openCandles").GetInt64() > 20, "The last candle of a live page is still open.");
    }

    [Fact]
    public async Task Feed_LowWeightLimit_NeverExceedsItByTheExchangesOwnCount()
    {
        await using var exchange = await ExchangeServer.StartAsync(
            Simulated(120) with { WeightLimit = 60, WeightWindowSeconds = 2 }, TimeProvider.System, CancellationToken.None);

        var candles = await ReadAsync(exchange, 120, new ExchangeOptions { PageSize = 5 });

        Assert.Equal(120, candles.Count);
        using var ledger = await LedgerAsync(exchange);
        Assert.Equal(0, ledger.RootElement.GetProperty("callsOverLimit").GetInt32());
        Assert.InRange(ledger.RootElement.GetProperty("highestWeight").GetInt32(), 30, 60); // It did bind.
    }

    [Fact]
    public async Task Client_UnknownSymbol_NamesItAndTheSetting()
    {
        await using var exchange = await ExchangeServer.StartAsync(Simulated(10), TimeProvider.System, CancellationToken.None);
        using var http = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
        using var client = new BinanceClient(http, new ExchangeOptions { BaseUrl = exchange.Address }, TimeProvider.System);

        var refused = await Assert.ThrowsAsync<BinanceException>(() => client.KlinesAsync("NOSUCH", From, 10, CancellationToken.None));

        Assert.Equal(-1121, refused.Code);
        Assert.Contains("NOSUCH", refused.Message, StringComparison.Ordinal);
        Assert.Contains("Radar:Market:Symbols", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Klines_UnknownInterval_IsRefusedAsBinanceDoes()
    {
        await using var exchange = await ExchangeServer.StartAsync(Simulated(10), TimeProvider.System, CancellationToken.None);
        using var http = new HttpClient();
        using var response = await http.GetAsync(new Uri(exchange.Address, "/api/v3/klines?symbol=BTCUSDT&interval=7m"));

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("-1120", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.True(response.Headers.Contains("X-MBX-USED-WEIGHT-1M"));
    }

    [Fact]
    public void SimulatedCandles_ReadFromAnywhere_AreTheSameAndJoinUp()
    {
        var candles = new SimulatedCandles(seed: 7, From, null);
        var whole = candles.Between("BTCUSDT", From, From + (500 * Minute)).ToList();
        var tail = candles.Between("BTCUSDT", From + (400 * Minute), From + (500 * Minute)).ToList();

        Assert.Equal(whole[400..], tail);
        Assert.All(whole.Zip(whole.Skip(1)), pair => Assert.Equal(pair.First.Close, pair.Second.Open));
        Assert.All(whole, candle => Assert.True(candle.Low <= Math.Min(candle.Open, candle.Close) && candle.High >= Math.Max(candle.Open, candle.Close)));
        Assert.NotEqual(whole, new SimulatedCandles(seed: 8, From, null).Between("BTCUSDT", From, From + (500 * Minute)));
    }

    [Fact]
    public async Task SteppedClock_AfterARestart_GoesOnWhereItWas()
    {
        var folder = Directory.CreateTempSubdirectory("radar-exchange-").FullName;
        try
        {
            var settings = Simulated(100) with { Folder = folder };
            long reached;
            await using (var first = await ExchangeServer.StartAsync(settings, TimeProvider.System, CancellationToken.None))
            {
                await ReadAsync(first, 70, new ExchangeOptions());
                reached = await NowAsync(first);
            }

            await using var second = await ExchangeServer.StartAsync(settings, TimeProvider.System, CancellationToken.None);
            Assert.True(reached > settings.HistoryUntil);
            Assert.Equal(reached, await NowAsync(second));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Feed_OutageWalkedLive_IsAskedForOnceAMinuteAndNotAgain()
    {
        var folder = Directory.CreateTempSubdirectory("radar-exchange-").FullName;
        try
        {
            File.Copy(Path.Combine(SharedFolder.Repository, "tests", "Radar.Market.Tests", "Golden", "made_up_2000.csv"), Path.Combine(folder, "BTCUSDT-1m-2026-01.csv"));
            // 25 minutes are missing after row 1,199: the clock steps through them, and 30 minutes on either side.
            var settings = new ExchangeSettings
            {
                ReplayFolder = folder, From = From, HistoryUntil = From + (1_170 * Minute), To = From + (1_255 * Minute), Speed = double.PositiveInfinity, WeightLimit = 1_000_000,
            };
            await using var exchange = await ExchangeServer.StartAsync(settings, TimeProvider.System, CancellationToken.None);
            var candles = await ReadAsync(exchange, 1_229, new ExchangeOptions());
            Assert.Equal(1_225 * Minute, candles[1_200].OpenTime - From);
            using var ledger = await LedgerAsync(exchange);
            Assert.InRange(ledger.RootElement.GetProperty("klinesCalls").GetInt64(), 30, 2 + 2 * 85);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [SharedFact("data/dumps")]
    public void ReplayedCandles_ZipsInMillisecondsAndMicroseconds_ReadAlike()
    {
        var candles = ReplayedCandles.Read(SharedFolder.Of("data/dumps"), "BTCUSDT", long.MinValue, long.MaxValue);

        Assert.Equal(1_440 + 1_360 + 1_440, candles.Count("BTCUSDT", 0, 1_700_000_000_000));
        Assert.Equal(44_640, candles.Count("BTCUSDT", 1_700_000_000_000, long.MaxValue));
        Assert.All(candles.Between("BTCUSDT", 1_700_000_000_000, long.MaxValue), candle => Assert.Equal(candle.OpenTime + 59_999, candle.CloseTime));
    }

    private static async Task<List<Candle>> ReadAsync(ExchangeServer exchange, int count, ExchangeOptions options)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        using var http = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
        using var client = new BinanceClient(http, options with { BaseUrl = exchange.Address, Clock = ExchangeClock.Max }, TimeProvider.System);
        var candles = new List<Candle>();
        await foreach (var page in new KlineFeed(client, options with { Clock = ExchangeClock.Max }, TimeProvider.System).ReadAsync("BTCUSDT", From, deadline.Token))
        {
            Assert.All(page.Candles, candle => Assert.True(candle.CloseTime < page.ServerTime, "An open candle left the feed."));
            candles.AddRange(page.Candles);
            if (candles.Count >= count)
            {
                break;
            }
        }
        return candles;
    }

    private static async Task<long> NowAsync(ExchangeServer exchange)
    {
        using var http = new HttpClient();
        using var clock = JsonDocument.Parse(await http.GetStringAsync(new Uri(exchange.Address, "/radar/clock")));
        return clock.RootElement.GetProperty("now").GetInt64();
    }

    private static async Task<JsonDocument> LedgerAsync(ExchangeServer exchange)
    {
        using var http = new HttpClient();
        return JsonDocument.Parse(await http.GetStringAsync(new Uri(exchange.Address, "/radar/ledger")));
    }
}
