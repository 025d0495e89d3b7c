using System.Text;
using Radar.Embedded.Exchange.Wallex;
using Radar.Testing;
using Radar.Workers.Producing.Wallex;

namespace Radar.Workers.Tests.Producing.Wallex;

/// <summary>Order books from the exchange's sockets to the topic.</summary>
public sealed class DepthProducerTests
{
    private static readonly WallexSettings Market = new() { Markets = 12, TradesPerSecond = 0, DepthMarkets = 8, DepthPerSecond = 20, Levels = 5 };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Depth_ManyFrames_OneAnIntervalOfEachSideInOrderAndTheLastAmongThem(bool secondProtocol)
    {
        await using var capture = await Capture.CreateAsync(
            WallexStream.Depth, Market with { DropEvery = TimeSpan.FromSeconds(3) }, options => options with { SecondProtocol = secondProtocol, ChunkSize = 5 }, partitions: 1);
        capture.Start();
        await capture.UntilAsync(async () => await capture.Market.CountAsync("depthFrames") > 1_500 && capture.Figure("reconnects") > 2, "frames and disconnects");
        await capture.Market.ControlAsync("drops=false");
        await capture.UntilAsync(async () => await capture.Market.CountAsync("sockets") == 6 && await capture.Market.CountAsync("subscriptions") == 24, "all lines and subscriptions");
        var settled = await capture.Market.CountAsync("depthFrames");
        await capture.UntilAsync(async () => await capture.Market.CountAsync("depthFrames") > settled + 100, "each side to be told once more");
        await capture.Market.ControlAsync("running=false");
        var ledger = await capture.Market.DepthAsync();
        var last = ledger.GroupBy(entry => Channel(entry.Frame)).Select(side => side.Last()).ToList();
        Assert.All(last, entry => Assert.True(entry.Sent > 0));
        await capture.UntilAsync(() => Task.FromResult(!last.Select(entry => entry.Frame).Except(capture.Frames()).Any()), "the last frame of each side");
        var span = ledger[^1].At - ledger[0].At;
        await capture.StopAsync();

        var published = capture.Published().Select(record => Encoding.UTF8.GetString(record.Message.Value)).GroupBy(Channel).ToDictionary(side => side.Key, side => side.ToList());
        Assert.Equal(16, published.Count); // Eight markets, both sides; the others never moved.
        foreach (var (channel, frames) in published)
        {
            var said = ledger.Where(entry => Channel(entry.Frame) == channel).ToList();
            var heard = said.Where(entry => entry.Sent > 0).Select(entry => entry.Frame).ToList();
            var places = frames.Select(frame => heard.IndexOf(frame)).ToList();
            Assert.DoesNotContain(-1, places);
            Assert.Equal(places.Order().Distinct(), places);
            Assert.Equal(heard.Count - 1, places[^1]);
            Assert.InRange(frames.Count, 3, (span.TotalSeconds / 0.5) + 3);
        }
        Assert.Contains("Starting message processing loop with throttling", capture.LogText, StringComparison.Ordinal);
        Assert.Matches(@"\[DepthWorker-sellDepth-\w+\] Connected to WebSocket", capture.LogText);
        Assert.Matches(@"\[DepthWorker-buyDepth-\w+\] Connected to WebSocket", capture.LogText);
    }

    [Fact]
    public async Task Depth_Stopped_PublishesTheLastFrameOfEachSideAtOnce()
    {
        await using var capture = await Capture.CreateAsync(WallexStream.Depth, Market, options => options with { Throttle = TimeSpan.FromHours(1) });
        capture.Start();
        await capture.SubscribedAsync(24);
        await capture.UntilAsync(async () => await capture.Market.CountAsync("depthFrames") > 200, "frames");
        await capture.Market.ControlAsync("running=false");
        var last = (await capture.Market.DepthAsync()).GroupBy(entry => Channel(entry.Frame)).Select(side => side.Last().Frame);
        await capture.UntilAsync(async () => capture.Figure("framesReceived") >= (await capture.Market.DepthAsync()).Sum(entry => entry.Sent), "all frames to be heard");
        Assert.Empty(capture.Published());
        await capture.StopAsync();
        Assert.Equal(last.Order(StringComparer.Ordinal), capture.Frames().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Depth_SubscriptionLost_IsFoundByTheAudit()
    {
        await using var capture = await Capture.CreateAsync(
            WallexStream.Depth, Market with { Markets = 1, DepthMarkets = 1 }, options => options with { AuditEvery = TimeSpan.FromSeconds(0.5) });
        capture.Start();
        await capture.UntilAsync(() => Task.FromResult(capture.Figure("framesReceived") > 20), "frames");
        await capture.Market.ControlAsync("muted=true");
        await capture.UntilAsync(() => Task.FromResult(capture.LogText.Contains("was silent although REST says that it moved", StringComparison.Ordinal)), "the audit");
    }

    [SharedFact("data/recordings")]
    public async Task Recording_Replayed_IsInTheTopicByteForByte()
    {
        var path = Path.Combine(SharedFolder.Of("data/recordings"), "wallex_samples.jsonl");
        await using var capture = await Capture.CreateAsync(
            WallexStream.Depth, new WallexSettings { Replay = path, ReplayPerSecond = 1 }, options => options with { Throttle = TimeSpan.FromMilliseconds(50) });
        capture.Start();
        var recorded = WallexRecording.Read(path).Depth.Select(frame => Encoding.UTF8.GetString(frame.First.Span)).ToList();
        await capture.UntilAsync(() => Task.FromResult(capture.Published().Count == recorded.Count), "the whole recording");
        Assert.Equal(recorded.Order(StringComparer.Ordinal), capture.Frames().Order(StringComparer.Ordinal));
    }

    private static string Channel(string frame) => frame[2..frame.IndexOf("\",", StringComparison.Ordinal)];
}
