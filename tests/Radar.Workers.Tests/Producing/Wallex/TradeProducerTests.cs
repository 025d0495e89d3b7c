using System.Text.Json;
using Radar.Embedded.Exchange.Wallex;
using Radar.Embedded.Kafka;
using Radar.Testing;
using Radar.Workers.Producing.Wallex;

namespace Radar.Workers.Tests.Producing.Wallex;

/// <summary>Trades from the exchange's sockets to the topic, with everything that happens to sockets.</summary>
public sealed class TradeProducerTests
{
    private static readonly WallexSettings Market = new() { Markets = 60, TradesPerSecond = 300, DepthMarkets = 0 };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Drops_EveryFewSeconds_LoseNoTradeAndDoubleNone(bool secondProtocol)
    {
        await using var capture = await Capture.CreateAsync(
            WallexStream.Trades, Market with { DropEvery = TimeSpan.FromSeconds(2), Window = 10_000 },
            options => options with { SecondProtocol = secondProtocol, ChunkSize = 25 });
        capture.Start();
        await capture.UntilAsync(async () => await capture.Market.CountAsync("trades") > 3_000 && capture.Figure("reconnects") >= 8, "trades and disconnects");
        await capture.Market.ControlAsync("running=false");
        await capture.ComplementsLedgerAsync();
        Assert.True(capture.Figure("repairedTrades") > 0, capture.LogText);
        Assert.Equal((60, 0, 0), (capture.Figure("markets"), capture.Figure("unrepairedGaps"), capture.Figure("deliveryFailures")));
        foreach (var phrase in (string[])
            ["Fetched 60 unique markets from Wallex API", "Divided 60 markets into 3 chunks of ~25", "] Connected to WebSocket",
             "] Subscriptions sent", "] Starting message processing loop", "WebSocket error: ", ". Reconnecting in "])
        {
            Assert.Contains(phrase, capture.LogText, StringComparison.Ordinal);
        }
        Assert.Matches(@"\[TradesWorker-\w+\] Connected to WebSocket", capture.LogText);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task Drops_RestWritesOtherDecimals_IdsAgreeAllTheSame(bool padded, bool restPadded)
    {
        await using var capture = await Capture.CreateAsync(
            WallexStream.Trades, Market with { Padded = padded, RestPadded = restPadded, DropEvery = TimeSpan.FromSeconds(2) });
        capture.Start();
        await capture.UntilAsync(async () => await capture.Market.CountAsync("trades") > 1_500 && capture.Figure("repairedTrades") > 5, "trades and repairs");
        await capture.Market.ControlAsync("running=false");
        await capture.ComplementsLedgerAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Rotation_BeforeTheExchangeCuts_OverlapsAndDoublesNothing(bool secondProtocol)
    {
        await using var capture = await Capture.CreateAsync(
            WallexStream.Trades, Market with { CutAfter = TimeSpan.FromSeconds(10) },
            options => options with { SecondProtocol = secondProtocol, ChunkSize = 15, RotateAfter = TimeSpan.FromSeconds(1.5), Overlap = TimeSpan.FromSeconds(0.5) });
        capture.Start();
        await capture.UntilAsync(async () => await capture.Market.CountAsync("socketsOpened") >= 10, "ten connections");
        await capture.Market.ControlAsync("running=false");
        await capture.ComplementsLedgerAsync();
        Assert.Equal(await capture.Market.CountAsync("trades"), capture.Frames().Count);
        Assert.Equal(0, capture.Figure("reconnects"));
        Assert.False((await capture.Market.CountsAsync()).GetProperty("ends").TryGetProperty("cut", out _), "The exchange had to cut.");
        Assert.Contains((await capture.Market.TradesAsync()), trade => trade.Sent == 2);
    }

    [Fact]
    public async Task Restart_AfterTradesWentUnheard_PublishesThemOnce()
    {
        await using var capture = await Capture.CreateAsync(WallexStream.Trades, Market with { TradesPerSecond = 100 });
        capture.Start();
        await capture.UntilAsync(async () => await capture.Market.CountAsync("trades") > 300, "trades");
        await capture.StopAsync();
        var made = await capture.Market.CountAsync("trades");
        await capture.UntilAsync(async () => await capture.Market.CountAsync("trades") > made + 200, "trades that nobody hears");
        capture.Start();
        await capture.UntilAsync(() => Task.FromResult(capture.Figure("repairedTrades") >= 200), "repairs");
        await capture.Market.ControlAsync("running=false");
        await capture.ComplementsLedgerAsync();
    }

    [Fact]
    public async Task Gap_ThatADeadPredecessorDidNotRepair_IsKnownToItsSuccessor()
    {
        // The gap's market is heard again, and published, before REST answers; then the process ends. The topic's end looks whole.
        await using var capture = await Capture.CreateAsync(
            WallexStream.Trades, Market with { Markets = 2, TradesPerSecond = 40, Window = 10 }, options => options with { FirstDelay = TimeSpan.FromSeconds(4) });
        capture.Start();
        await capture.UntilAsync(async () => await capture.Market.CountAsync("trades") > 100 && capture.Figure("openGaps") == 0, "trades");
        await capture.Market.ControlAsync("drop=abort&rest=false");
        var lost = await capture.Market.CountAsync("trades");
        await capture.UntilAsync(async () => await capture.Market.CountAsync("trades") > lost + 200 && capture.Figure("undelivered") == 0 && capture.Figure("openGaps") == 2, "it to hear again");
        await capture.StopAsync();
        await capture.Market.ControlAsync("rest=true");
        capture.Start();
        await capture.UntilAsync(() => Task.FromResult(capture.Figure("unrepairedGaps") == 2), "both gaps to be listed");
        await capture.Market.ControlAsync("running=false");
        await capture.UntilAsync(async () => await capture.Market.CountAsync("queuedFrames") == 0 && capture.Figure("undelivered") == 0, "the rest to be published");
        await capture.StopAsync();
        await AssertListedAsync(capture);
    }

    [Fact]
    public async Task Gap_ThatRestDoesNotReachBackTo_IsListedWithItsTimes()
    {
        await using var capture = await Capture.CreateAsync(
            WallexStream.Trades, Market with { Markets = 2, TradesPerSecond = 40, Window = 10 }, options => options with { FirstDelay = TimeSpan.FromSeconds(4) });
        capture.Start();
        await capture.UntilAsync(async () => await capture.Market.CountAsync("trades") > 100, "trades");
        await capture.Market.ControlAsync("drop=abort&rest=false"); // Its life was short, so it waits before it dials.
        var lost = await capture.Market.CountAsync("trades");
        await capture.UntilAsync(async () => await capture.Market.CountAsync("trades") > lost + 200, "more trades than REST tells");
        await capture.Market.ControlAsync("rest=true");
        await capture.UntilAsync(() => Task.FromResult(capture.Figure("unrepairedGaps") == 2), "both gaps to be listed");
        await capture.Market.ControlAsync("running=false");
        await capture.UntilAsync(async () => await capture.Market.CountAsync("queuedFrames") == 0 && capture.Figure("undelivered") == 0, "the rest to be published");
        await capture.StopAsync();

        await AssertListedAsync(capture);
    }

    [Fact]
    public async Task Silence_OfALivingConnection_IsEndedAndRepaired()
    {
        await using var capture = await Capture.CreateAsync(
            WallexStream.Trades, Market with { Markets = 10, TradesPerSecond = 50 }, options => options with { StaleAfter = TimeSpan.FromSeconds(1.5) });
        capture.Start();
        await capture.UntilAsync(async () => await capture.Market.CountAsync("trades") > 100, "trades");
        await capture.Market.ControlAsync("muted=true");
        await capture.UntilAsync(() => Task.FromResult(capture.Figure("reconnects") > 0), "another connection");
        await capture.Market.ControlAsync("running=false&muted=false"); // What was kept back since the last repair, the next one tells: silence goes on.
        await capture.UntilAsync(() => Task.FromResult(capture.Figure("openGaps") == 0 && capture.Figure("repairedTrades") > 0), "the repair");
        await capture.ComplementsLedgerAsync();
        Assert.Contains("no data for ", capture.LogText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Market_ThatOneConnectionLeavesOut_IsFoundByTheAudit()
    {
        await using var capture = await Capture.CreateAsync(
            WallexStream.Trades, Market with { Markets = 4, TradesPerSecond = 0, Window = 10_000 }, options => options with { AuditEvery = TimeSpan.FromSeconds(1) });
        capture.Start();
        await capture.SubscribedAsync(4);
        await capture.UntilAsync(() => Task.FromResult(capture.Figure("markets") == 4 && capture.Figure("openGaps") == 0), "the first repair");
        await capture.Market.ControlAsync("muted=true&trades=50");
        await capture.UntilAsync(() => Task.FromResult(capture.LogText.Contains("and it is replaced", StringComparison.Ordinal)), "the audit");
        await capture.Market.ControlAsync("muted=false&running=false");
        await capture.ComplementsLedgerAsync();
    }

    [Fact]
    public async Task Markets_ThatComeAndGo_AreNoticed()
    {
        await using var capture = await Capture.CreateAsync(
            WallexStream.Trades, Market with { Markets = 3, TradesPerSecond = 0 }, options => options with { RefreshEvery = TimeSpan.FromSeconds(0.3), ChunkSize = 4 });
        await capture.Market.ControlAsync("rest=false");
        capture.Start();
        await capture.UntilAsync(() => Task.FromResult(capture.Activity.StartsWith("waiting for the exchange", StringComparison.Ordinal)), "it to wait");
        await capture.Market.ControlAsync("rest=true");
        await capture.SubscribedAsync(3);
        await capture.Market.ControlAsync("list=AAATMN");
        await capture.Market.ControlAsync("list=ZZZTMN"); // One fits the chunk, the other gets a line of its own.
        await capture.Market.ControlAsync("unlist=USDTTMN");
        await capture.UntilAsync(() => Task.FromResult(capture.Figure("markets") == 4), "four markets");
        await capture.SubscribedAsync(5);
        foreach (var symbol in (string[])["AAATMN", "ZZZTMN"])
        {
            await capture.Market.SayAsync($$"""["{{symbol}}@trade",{"isBuyOrder":true,"quantity":"1","price":"2","timestamp":"2026-01-01T00:00:00Z"}]""");
        }
        await capture.UntilAsync(() => Task.FromResult(capture.Frames().Count == 2), "trades of the new ones");
    }

    [Fact]
    public async Task Market_DelistedForAWhile_HasAGapThatIsRepaired()
    {
        await using var capture = await Capture.CreateAsync(
            WallexStream.Trades, Market with { Markets = 2, TradesPerSecond = 0 }, options => options with { RefreshEvery = TimeSpan.FromSeconds(0.3) });
        capture.Start();
        await capture.UntilAsync(() => Task.FromResult(capture.Figure("markets") == 2 && capture.Figure("openGaps") == 0), "both markets");
        await capture.Market.ControlAsync("unlist=USDTTMN&muted=true");
        await capture.UntilAsync(() => Task.FromResult(capture.Figure("markets") == 1), "one market");
        await capture.Market.SayAsync($$"""["USDTTMN@trade",{"isBuyOrder":true,"quantity":"1","price":"2","timestamp":"{{TimeProvider.System.GetUtcNow().UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}}"}]""");
        await capture.Market.ControlAsync("list=USDTTMN&muted=false");
        await capture.ComplementsLedgerAsync();
    }

    [Fact]
    public async Task Broker_Away_HoldsSocketsBackAndLosesNothing()
    {
        await using var capture = await Capture.CreateAsync(
            WallexStream.Trades, Market with { Markets = 5, TradesPerSecond = 400, Window = 100_000, QueuedFrames = 200 }, options => options with { MaxUndelivered = 100 });
        capture.Start();
        await capture.UntilAsync(async () => await capture.Market.CountAsync("trades") > 200, "trades");
        await capture.Market.ControlAsync("running=false");
        await capture.ComplementsLedgerAsync();
        var before = capture.Frames();
        var port = int.Parse(capture.Broker.BootstrapServers.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture);
        await capture.Broker.DisposeAsync();

        await capture.Market.ControlAsync("running=true");
        await capture.UntilAsync(() => Task.FromResult(capture.Activity.StartsWith("waiting for Kafka", StringComparison.Ordinal)), "it to say that it waits");
        await capture.UntilAsync(async () => await capture.Market.CountAsync("trades") > 3_000, "more trades than fit anywhere");
        Assert.InRange(capture.Figure("undelivered"), 1, 100);
        await capture.Market.ControlAsync("running=false");
        capture.Broker = MockBroker.Start(port, Capture.Topics(3));
        await capture.UntilAsync(
            async () => !(await capture.Market.TradesAsync()).Select(trade => trade.Frame).Except(before).Except(capture.Frames()).Any(), "what happened meanwhile");
        Assert.Empty(capture.Frames().Except((await capture.Market.TradesAsync()).Select(trade => trade.Frame)));
    }

    [Fact]
    public async Task Broker_AwayAtTheStart_WhatIsHeardMeanwhileAndWhatRestToldThenIsPublished()
    {
        // REST reaches back over a lost connection, and not over all the time without a broker.
        var port = FreePort.Next();
        await using var capture = await Capture.CreateAsync(
            WallexStream.Trades, Market with { Markets = 2, TradesPerSecond = 20, Window = 20 }, options => options with { BootstrapServers = $"127.0.0.1:{port}" });
        capture.Start();
        await capture.UntilAsync(() => Task.FromResult(capture.Figure("framesReceived") > 100), "frames");
        await capture.Market.ControlAsync("drop=abort");
        await capture.SubscribedAsync(2);
        var heard = capture.Figure("framesReceived");
        await capture.UntilAsync(() => Task.FromResult(capture.Figure("framesReceived") > heard + 100), "more frames than REST tells");
        Assert.StartsWith("waiting for Kafka, with ", capture.Activity, StringComparison.Ordinal);
        await capture.Market.ControlAsync("running=false");
        await capture.Broker.DisposeAsync(); // Another one, which was never asked.
        capture.Broker = MockBroker.Start(port, Capture.Topics(3));
        await capture.UntilAsync(() => Task.FromResult(capture.Activity.Length == 0 && capture.Figure("openGaps") == 0), "it to publish");
        await capture.ComplementsLedgerAsync();
        Assert.Equal((1, 0), (capture.Figure("reconnects"), capture.Figure("unrepairedGaps")));
    }

    [Fact]
    public async Task Broker_AwayForLongerThanAnAnswerMayTake_KeepsTheConnection()
    {
        await using var capture = await Capture.CreateAsync(
            WallexStream.Trades, Market with { Markets = 5, TradesPerSecond = 0 },
            options => options with { MaxUndelivered = 10, PingEvery = TimeSpan.FromSeconds(0.3), PongWithin = TimeSpan.FromSeconds(0.3) });
        capture.Start();
        await capture.SubscribedAsync(5);
        var port = int.Parse(capture.Broker.BootstrapServers.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture);
        await capture.Broker.DisposeAsync();
        await capture.Market.ControlAsync("trades=200");
        await capture.UntilAsync(() => Task.FromResult(capture.Activity.StartsWith("waiting for Kafka", StringComparison.Ordinal)), "it to say that it waits");
        await capture.UntilAsync(async () => await capture.Market.CountAsync("trades") > 600, "many pings' time");
        await capture.Market.ControlAsync("running=false");
        Assert.Equal(0, capture.Figure("reconnects"));
        capture.Broker = MockBroker.Start(port, Capture.Topics(3));
        await capture.ComplementsLedgerAsync();
        Assert.Equal(0, capture.Figure("reconnects"));
    }

    [Fact]
    public async Task Stop_InTheMiddleOfAStream_FlushesWhatWasHeard()
    {
        await using var capture = await Capture.CreateAsync(WallexStream.Trades, Market with { TradesPerSecond = 2_000 });
        capture.Start();
        await capture.UntilAsync(() => Task.FromResult(capture.Figure("framesReceived") > 4_000), "frames");
        await capture.StopAsync();
        Assert.InRange(capture.Published().Count, 4_000, await capture.Market.CountAsync("trades"));
        Assert.Equal(capture.Figure("handled"), capture.Published().Count);
        Assert.DoesNotContain("has not taken", capture.LogText, StringComparison.Ordinal);
    }

    [SharedTheory("data/recordings")]
    [InlineData("wallex_samples.jsonl", false)]
    [InlineData("hftbacktest_binance_spot_btcusdt_20240808.gz", false)]
    [InlineData("hftbacktest_binance_spot_btcusdt_20240808.gz", true)]
    public async Task Recording_Replayed_IsInTheTopicByteForByte(string recording, bool secondProtocol)
    {
        await using var capture = await Capture.CreateAsync(
            WallexStream.Trades, new WallexSettings { Replay = Path.Combine(SharedFolder.Of("data/recordings"), recording), ReplayPerSecond = 5_000, Window = 10 },
            options => options with { SecondProtocol = secondProtocol });
        capture.Start();
        var recorded = WallexRecording.Read(Path.Combine(SharedFolder.Of("data/recordings"), recording)).Trades.Count;
        await capture.UntilAsync(async () => await capture.Market.CountAsync("trades") == recorded, "the whole recording");
        await capture.ComplementsLedgerAsync();
        Assert.All(capture.Published(), record => Assert.Null(record.Message.Key));
        Assert.All(capture.Published(), record => Assert.Empty(record.Message.Headers ?? []));
    }

    [SharedFact("data/recordings")]
    public async Task Recording_HeardLongAfterRestToldItsEnd_IsNotPublishedTwice()
    {
        var recording = Path.Combine(SharedFolder.Of("data/recordings"), "hftbacktest_binance_spot_btcusdt_20240808.gz");
        var port = FreePort.Next();
        await using var capture = await Capture.CreateAsync(
            WallexStream.Trades, new WallexSettings { Replay = recording, ReplayPerSecond = 50_000, Window = 10 },
            options => options with { BootstrapServers = $"127.0.0.1:{port}", MaxUndelivered = 20 }); // The broker is away, and sockets are read no further.
        capture.Start();
        var recorded = WallexRecording.Read(recording).Trades.Count;
        await capture.UntilAsync(async () => await capture.Market.CountAsync("trades") == recorded, "the whole recording");
        await capture.Broker.DisposeAsync();
        capture.Broker = MockBroker.Start(port, Capture.Topics(3));
        await capture.ComplementsLedgerAsync();
        Assert.InRange(capture.Figure("repairedTrades"), 1, 10);
    }

    // What is not in the topic lies in a listed gap of its market.
    private static async Task AssertListedAsync(Capture capture)
    {
        var published = capture.Frames().ToHashSet(StringComparer.Ordinal);
        var lost = (await capture.Market.TradesAsync()).Where(trade => !published.Contains(trade.Frame)).ToList();
        var gaps = (await File.ReadAllLinesAsync(capture.Gaps)).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.NotEmpty(lost);
        Assert.All(lost, trade => Assert.Contains(gaps, gap =>
            trade.Frame.StartsWith($"[\"{gap.GetProperty("symbol").GetString()}@", StringComparison.Ordinal)
            && trade.At >= gap.GetProperty("from").GetDateTimeOffset() - TimeSpan.FromSeconds(1)
            && trade.At <= gap.GetProperty("to").GetDateTimeOffset() + TimeSpan.FromSeconds(1)));
    }
}
