using System.Net.WebSockets;
using System.Text.Json;
using Radar.Embedded.Exchange.Wallex;
using Radar.Market.Wallex;
using Radar.Testing;

namespace Radar.Embedded.Tests.Exchange.Wallex;

/// <summary>The exchange's Wallex side, over real sockets.</summary>
public sealed class WallexExchangeTests
{
    private const string V1 = "/ws", V2 = "/connection/websocket";

    [Fact]
    public async Task Rest_MarketsTradesAndDepth_HaveWallexShapes()
    {
        await using var exchange = await WallexClient.StartAsync(new WallexSettings { Markets = 150, TradesPerSecond = 0, DepthPerSecond = 0 });
        await exchange.SayAsync("""["BTCUSDT@trade",{"isBuyOrder":true,"quantity":"0.0000010000000000","price":"21100.0000000000000000","timestamp":"2022-06-17T11:53:02Z"}]""");
        await exchange.SayAsync("""["BTCUSDT@buyDepth",[{"price":62525.04,"quantity":0.000451,"sum":28.19879304}]]""");

        var list = (await exchange.GetAsync("/hector/web/v1/markets")).GetProperty("result").GetProperty("markets");
        var map = (await exchange.GetAsync("/v1/markets")).GetProperty("result").GetProperty("symbols");
        var trade = (await exchange.GetAsync("/v1/trades?symbol=BTCUSDT")).GetProperty("result").GetProperty("latestTrades")[0];
        var bid = (await exchange.GetAsync("/v1/depth?symbol=BTCUSDT")).GetProperty("result").GetProperty("bid")[0];

        Assert.Equal(150, list.GetArrayLength());
        Assert.Equal(150, map.EnumerateObject().Count());
        Assert.Equal("0.0000010000000000", trade.GetProperty("quantity").GetString());
        Assert.Equal("0.0211000000000000", trade.GetProperty("sum").GetString());
        Assert.Equal("2022-06-17T11:53:02Z", trade.GetProperty("timestamp").GetString());
        Assert.Equal(62525.04, bid.GetProperty("price").GetDouble());
        using var unknown = await exchange.Http.GetAsync(new Uri("/v1/trades?symbol=NOSUCH", UriKind.Relative));
        Assert.Equal(422, (int)unknown.StatusCode);
    }

    [Fact]
    public async Task FirstProtocol_Subscribed_GreetsAndSaysTradesAndBothSides()
    {
        await using var exchange = await WallexClient.StartAsync(new WallexSettings { Markets = 1, TradesPerSecond = 200, DepthPerSecond = 20 });
        await using var socket = await exchange.ConnectAsync(V1);
        foreach (var kind in (string[])["trade", "buyDepth", "sellDepth", "marketCap"])
        {
            await socket.SendAsync($$"""["subscribe",{"channel":"USDTTMN@{{kind}}"}]""");
        }
        await UntilAsync(() => ((string[])["trade", "buyDepth", "sellDepth"]).All(kind => socket.Messages.Count(m => m.StartsWith($"[\"USDTTMN@{kind}\",", StringComparison.Ordinal)) > 20));
        await exchange.ControlAsync("running=false");
        await UntilAsync(async () => (await exchange.GetAsync("/radar/wallex/ledger")).GetProperty("queuedFrames").GetInt32() == 0);

        var (greeting, frames) = (socket.Messages[0], socket.Messages.Skip(1).ToList());
        Assert.Contains("\"sid\":", greeting, StringComparison.Ordinal);
        Assert.Contains("\"pingInterval\":", greeting, StringComparison.Ordinal);
        var (trades, depth) = (await exchange.LedgerAsync("trades"), await exchange.LedgerAsync("depth"));
        await UntilAsync(() => socket.Messages.Count > trades.Count + depth.Count);
        frames = [.. socket.Messages.Skip(1)];
        Assert.Equal(trades, frames.Where(frame => frame.Contains("@trade", StringComparison.Ordinal)));
        Assert.Equal(depth, frames.Where(frame => frame.Contains("Depth", StringComparison.Ordinal)));
        AssertIsBook(depth.First(frame => frame.Contains("buyDepth", StringComparison.Ordinal)), descending: true);
        AssertIsBook(depth.First(frame => frame.Contains("sellDepth", StringComparison.Ordinal)), descending: false);
    }

    [Fact]
    public async Task SecondProtocol_Subscribed_RepliesToEachCommandAndWrapsTheSameData()
    {
        await using var exchange = await WallexClient.StartAsync(new WallexSettings { Markets = 1, TradesPerSecond = 500, DepthPerSecond = 0, Ping = TimeSpan.FromSeconds(0.5) });
        await using var socket = await exchange.ConnectAsync(V2);
        await socket.SendAsync("""{"id":1,"connect":{}}""");
        await socket.SendAsync("""{"id":2,"subscribe":{"channel":"USDTTMN@trade"}}""" + "\n" + """{"id":3,"subscribe":{"channel":"public:USDTTMN@trade"}}""");
        await UntilAsync(() => Lines(socket).Count(m => m.StartsWith("""{"push":""", StringComparison.Ordinal)) > 50);
        await exchange.ControlAsync("running=false");
        await UntilAsync(() => socket.HasEnded); // Its pings were not answered.

        var lines = Lines(socket);
        Assert.Contains("\"ping\":1,\"pong\":true", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("""{"id":2,"error":""", lines[1], StringComparison.Ordinal);
        Assert.Equal("""{"id":3,"subscribe":{}}""", lines[2]);
        Assert.Contains("{}", lines);
        Assert.Equal(
            await exchange.LedgerAsync("trades"),
            lines.Where(line => line.StartsWith("""{"push":""", StringComparison.Ordinal)).Select(line =>
            {
                using var push = JsonDocument.Parse(line);
                var inner = push.RootElement.GetProperty("push");
                Assert.Equal("public:USDTTMN@trade", inner.GetProperty("channel").GetString());
                return $"[\"USDTTMN@trade\",{inner.GetProperty("pub").GetProperty("data").GetRawText()}]";
            }));
        Assert.Equal(1, (await exchange.GetAsync("/radar/wallex/ledger")).GetProperty("ends").GetProperty("no pong").GetInt32());
    }

    [Fact]
    public async Task Ledger_AfterARestart_GoesOnAndRestStillTellsTheLastTrades()
    {
        var settings = new WallexSettings { Markets = 2, TradesPerSecond = 300, DepthPerSecond = 5 };
        var first = await WallexClient.StartAsync(settings);
        await using (var socket = await first.ConnectAsync(V1))
        {
            await socket.SendAsync("""["subscribe",{"channel":"USDTTMN@trade"}]""");
            await UntilAsync(() => socket.Messages.Count > 150);
        }
        await first.ControlAsync("running=false");
        var before = await first.GetAsync("/radar/wallex/ledger");
        var window = await first.GetAsync("/v1/trades?symbol=USDTTMN");
        await first.StopAsync();
        await File.AppendAllTextAsync(Path.Combine(first.Folder, "trades.jsonl"), """{"n":9999,"at":1,"id":"torn""");

        await using var second = await WallexClient.StartAsync(settings with { Folder = first.Folder, TradesPerSecond = 0 });
        var after = await second.GetAsync("/radar/wallex/ledger");
        Assert.Equal(before.GetProperty("trades").GetInt64(), after.GetProperty("trades").GetInt64());
        Assert.Equal(before.GetProperty("distinctTrades").GetInt64(), after.GetProperty("distinctTrades").GetInt64());
        Assert.Equal(window.GetRawText(), (await second.GetAsync("/v1/trades?symbol=USDTTMN")).GetRawText());
        Assert.Equal(100, window.GetProperty("result").GetProperty("latestTrades").GetArrayLength());
    }

    [Fact]
    public async Task Connection_CutDroppedOrSlow_EndsInItsOwnWay()
    {
        await using var exchange = await WallexClient.StartAsync(new WallexSettings { Markets = 1, TradesPerSecond = 100, CutAfter = TimeSpan.FromSeconds(2) });
        await using var cut = await exchange.ConnectAsync(V1);
        await UntilAsync(() => cut.HasEnded);
        Assert.Equal(WebSocketCloseStatus.NormalClosure, cut.CloseStatus);
        await using var dropped = await exchange.ConnectAsync(V1);
        await exchange.ControlAsync("drop=abort");
        await UntilAsync(() => dropped.HasEnded);
        Assert.Null(dropped.CloseStatus);
        var ends = (await exchange.GetAsync("/radar/wallex/ledger")).GetProperty("ends");
        Assert.Equal(1, ends.GetProperty("cut").GetInt32());
        Assert.Equal(1, ends.GetProperty("drop").GetInt32());
    }

    [Fact]
    public async Task Drops_TurnedOff_LetConnectionsLiveUntilTheyAreCut()
    {
        await using var exchange = await WallexClient.StartAsync(
            new WallexSettings { Markets = 1, TradesPerSecond = 0, DropEvery = TimeSpan.FromSeconds(1), CutAfter = TimeSpan.FromSeconds(2) });
        await exchange.ControlAsync("drops=false");
        await using var socket = await exchange.ConnectAsync(V1);
        await UntilAsync(() => socket.HasEnded);
        var ends = (await exchange.GetAsync("/radar/wallex/ledger")).GetProperty("ends");
        Assert.Equal(1, ends.GetProperty("cut").GetInt32());
        Assert.False(ends.TryGetProperty("drop", out _));
    }

    [Fact]
    public async Task Drop_OfTheNewest_LeavesTheOthers()
    {
        await using var exchange = await WallexClient.StartAsync(new WallexSettings { Markets = 1, TradesPerSecond = 0 });
        await using var older = await exchange.ConnectAsync(V1);
        await using var newer = await exchange.ConnectAsync(V1);
        await exchange.ControlAsync("drop=newest");
        await UntilAsync(() => newer.HasEnded);
        Assert.False(older.HasEnded);
    }

    [Fact]
    public async Task JsonPings_Unanswered_EndTheConnection()
    {
        await using var exchange = await WallexClient.StartAsync(new WallexSettings { JsonPings = true, Ping = TimeSpan.FromMilliseconds(200) });
        await using var silent = await exchange.ConnectAsync(V1);
        await UntilAsync(() => silent.HasEnded);
        Assert.Contains("""{"ping":"1"}""", silent.Messages);
        Assert.Equal(1, (await exchange.GetAsync("/radar/wallex/ledger")).GetProperty("ends").GetProperty("no pong").GetInt32());
    }

    [SharedFact("data/recordings")]
    public async Task Replay_WallexSamples_AreSaidByteForByte()
    {
        var path = Path.Combine(SharedFolder.Of("data/recordings"), "wallex_samples.jsonl");
        await using var exchange = await WallexClient.StartAsync(new WallexSettings { Replay = path, ReplayPerSecond = 1_000 });
        await using var socket = await exchange.ConnectAsync(V1);
        foreach (var channel in (string[])["BTCUSDT@buyDepth", "BTCUSDT@sellDepth", "USDTTMN@buyDepth", "USDTTMN@trade"])
        {
            await socket.SendAsync($$"""["subscribe",{"channel":"{{channel}}"}]""");
        }
        await UntilAsync(() => socket.Messages.Count == 5);
        var recorded = File.ReadLines(path).Select(line => line[(line.IndexOf(",\"frame\":", StringComparison.Ordinal) + 9)..^1])
            .Where(frame => frame.Contains("Depth\"", StringComparison.Ordinal) || frame.Contains("@trade\"", StringComparison.Ordinal));
        Assert.Equal(recorded.Order(StringComparer.Ordinal), socket.Messages.Skip(1).Order(StringComparer.Ordinal));
    }

    [SharedFact("data/recordings")]
    public void Replay_BinanceStream_GivesItsTradesAndBooks()
    {
        var recording = WallexRecording.Read(Path.Combine(SharedFolder.Of("data/recordings"), "hftbacktest_binance_spot_btcusdt_20240808.gz"));
        Assert.Equal(["BTCUSDT"], recording.Markets);
        Assert.All(recording.Trades, frame => Assert.NotNull(WallexTrade.Read("BTCUSDT", frame.Data)));
        Assert.InRange(recording.Trades.Count, 1_000, 60_000);
        Assert.InRange(recording.Depth.Count, 1_000, 60_000);
        AssertIsBook(System.Text.Encoding.UTF8.GetString(recording.Depth[^2].First.Span), descending: true);
        AssertIsBook(System.Text.Encoding.UTF8.GetString(recording.Depth[^1].First.Span), descending: false);
    }

    [Theory]
    [InlineData("USDTTMN", "2025-06-01T09:33:41Z", "82131.0000000000000000", "255.7500000000000000", true, "c2224cc04c2f8dc07b1539c40d8a6e8af2f523f5")]
    [InlineData("BTCTMN", "2026-08-25T16:38:23Z", "15791249224", "0.000243", false, "e167e76a7a522434740ac221adf3bd740d26b8dd")]
    public void TradeId_KnownTrades_AreThoseOfTheOriginal(string symbol, string timestamp, string price, string quantity, bool buys, string id) =>
        Assert.Equal(id, WallexTradeId.Of(symbol, timestamp, price, quantity, buys));

    private static List<string> Lines(WallexClient.Listener socket) => [.. socket.Messages.SelectMany(message => message.Split('\n'))];

    private static void AssertIsBook(string frame, bool descending)
    {
        using var document = JsonDocument.Parse(frame);
        var levels = document.RootElement[1].EnumerateArray().Select(level => (Price: level.GetProperty("price").GetDouble(), Sum: level.GetProperty("sum").GetDouble(), Quantity: level.GetProperty("quantity").GetDouble())).ToList();
        Assert.NotEmpty(levels);
        Assert.Equal(descending ? levels.Select(level => level.Price).OrderDescending() : levels.Select(level => level.Price).Order(), levels.Select(level => level.Price));
        Assert.All(levels, level => Assert.Equal(level.Price * level.Quantity, level.Sum, 1e-6 + (level.Sum * 1e-9)));
    }

    private static Task UntilAsync(Func<bool> condition) => Eventually.TrueAsync(condition, Patience.Long, "the exchange");

    private static Task UntilAsync(Func<Task<bool>> condition) => Eventually.TrueAsync(condition, Patience.Long, "the exchange");
}
