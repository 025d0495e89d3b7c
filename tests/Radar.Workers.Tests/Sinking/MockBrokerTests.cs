using System.Globalization;
using Confluent.Kafka;
using Radar.Embedded.Exchange.Wallex;
using Radar.Embedded.Kafka;
using Radar.Workers.Producing.Wallex;
using Radar.Workers.Sinking;
using Radar.Workers.Tests.Producing.Wallex;

namespace Radar.Workers.Tests.Sinking;

/// <summary>From the exchange's sockets to the tables through a mock broker that answers with errors, or forgets everything.</summary>
public sealed class MockBrokerTests(SinkFixture services) : IClassFixture<SinkFixture>
{
    // Requests by the protocol's keys, and codes that a real broker answers them with on a bad day. Those of membership are left out: the mock ends itself by
    // an assertion when a member joins anew while it waits for others.
    private static readonly (short Request, int[] Codes)[] Errors =
    [
        (0, [6, 7, 19]),        // Produce: not the leader, timed out, too few replicas
        (1, [6, 3, 1]),         // Fetch: not the leader, unknown topic, offset out of range
        (2, [6]),               // ListOffsets
        (8, [14, 16, 15]),      // OffsetCommit: coordinator loading, elsewhere, not there
        (9, [14, 16]),          // OffsetFetch
        (10, [15]),             // FindCoordinator
        (22, [15, 14]),         // InitProducerId
    ];

    [Theory]
    [InlineData(true, 20260401)]
    [InlineData(false, 20260402)]
    public async Task Capture_BrokerAnswersWithErrorsAndSocketsDrop_LosesAndDoublesNothing(bool trades, int seed)
    {
        var market = new WallexSettings
        {
            Markets = 40, TradesPerSecond = trades ? 200 : 0, DepthMarkets = trades ? 0 : 20, DepthPerSecond = 2, Levels = 5, DropEvery = TimeSpan.FromSeconds(6),
        };
        await using var capture = await Capture.CreateAsync(trades ? WallexStream.Trades : WallexStream.Depth, market);
        await using var channel = await Channel.OpenAsync(services, trades ? SinkStream.Trades : SinkStream.Depth, capture.Broker.BootstrapServers);
        capture.Start();
        var sinks = new[] { await channel.StartAsync(1), await channel.StartAsync(2) };
        var random = new Random(seed);
        var said = trades ? "trades" : "depthFrames";
        for (var round = 1; round <= 40; round++)
        {
            var (request, codes) = Errors[random.Next(Errors.Length)];
            capture.Broker.Fail(request, codes[random.Next(codes.Length)]);
            await capture.UntilAsync(async () => await capture.Market.CountAsync(said) >= round * 60, $"round {round}");
        }
        await capture.Market.ControlAsync("running=false");

        if (trades)
        {
            await capture.ComplementsLedgerAsync();
            var distinct = await capture.Market.CountAsync("distinctTrades");
            await sinks[0].UntilAsync(async () => await channel.CountAsync("uniqExact(trade_id)") == distinct, $"{distinct} trades");
            await sinks[0].UntilAsync(() => Task.FromResult(Committed(channel) == capture.Published().Count), "no lag");
            Assert.Equal(distinct, await channel.CountAsync("count()", "FINAL"));
        }
        else
        {
            // The last book of each side that anybody heard is published with the next interval; from then on nothing changes.
            await capture.UntilAsync(async () => await LastBooksAsync(capture), "the last books");
            await sinks[0].UntilAsync(() => Task.FromResult(Committed(channel) == capture.Published().Count), "no lag");
            var frames = capture.Published();
            await sinks[0].UntilAsync(async () => await channel.CountAsync("count()") >= frames.Count, "every book");
            Assert.Equal(frames.Count, await channel.CountAsync("count()"));
            Assert.Equal(frames.Count, await channel.CountAsync("uniqExact(timestamp, symbol, side, prices, quantities)"));
        }
        Assert.Empty(channel.DeadLetters());
    }

    [Fact]
    public async Task Broker_RestartedEmpty_IsReadFromItsBeginningAndItsBlocksAreNotTakenForTheOldOnes()
    {
        var topics = new Dictionary<string, int> { ["radar_depths"] = 1, ["radar_dead_letters"] = 1 };
        var broker = MockBroker.Start(0, topics);
        await using var channel = await Channel.OpenAsync(services, SinkStream.Depth, broker.BootstrapServers, partitions: 1);
        var sink = await channel.StartAsync();
        for (var life = 0; life < 3; life++)
        {
            // As many each time, so that they have the offsets of their predecessors.
            await channel.ProduceAsync(Enumerable.Range(life * 50, 50).Select(i => (0, (byte[]?)Frames.Depth(i))));
            await sink.UntilAsync(async () => await channel.CountAsync("count()") == (life + 1) * 50, $"the books of life {life}");
            await broker.DisposeAsync();
            broker = MockBroker.Start(int.Parse(channel.BootstrapServers.Split(':')[1], CultureInfo.InvariantCulture), topics);
        }
        Assert.Equal(150, await channel.CountAsync("uniqExact(quantities[1])"));
        await broker.DisposeAsync();
    }

    // An error that no sink has met yet meets whoever asks.
    private static long? Committed(Channel channel)
    {
        try
        {
            return channel.Committed();
        }
        catch (KafkaException)
        {
            return null;
        }
    }

    private static async Task<bool> LastBooksAsync(Capture capture)
    {
        var last = (await capture.Market.DepthAsync()).Where(entry => entry.Sent > 0).GroupBy(entry => entry.Frame[..entry.Frame.IndexOf(',', StringComparison.Ordinal)]).Select(side => side.Last().Frame);
        return capture.Figure("undelivered") == 0 && !last.Except(capture.Frames()).Any();
    }
}
