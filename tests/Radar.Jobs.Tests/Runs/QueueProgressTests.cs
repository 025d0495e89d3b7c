using Radar.Jobs.Runs;

namespace Radar.Jobs.Tests.Runs;

public sealed class QueueProgressTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Lately = TimeSpan.FromSeconds(5);

    [Fact]
    public void Moving_QueueWhoseNewestTaskGetsNewer_IsToldUntilItStandsStill()
    {
        var clock = new Clock();
        var progress = new QueueProgress(clock);
        progress.See([("batch", Noon), ("default", Noon)]);
        clock.Seconds = 4;
        progress.See([("batch", Noon.AddSeconds(1)), ("default", Noon)]); // What runs in default is the same as before.
        clock.Seconds = 6;
        Assert.Equal([("batch", Noon.AddSeconds(1))], progress.Moving(Lately));
        clock.Seconds = 9;
        Assert.Empty(progress.Moving(Lately));
    }

    [Fact]
    public void Moving_AnOlderTaskBegins_IsNoStepBack()
    {
        var progress = new QueueProgress(new Clock());
        progress.See([("batch", Noon)]);
        progress.See([("batch", Noon.AddSeconds(-30))]);
        Assert.Equal([("batch", Noon)], progress.Moving(Lately));
    }

    [Fact]
    public void Moving_NothingEverRan_IsNoQueue() => Assert.Empty(new QueueProgress(new Clock()).Moving(Lately));

    private sealed class Clock : TimeProvider
    {
        public int Seconds { get; set; }

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Seconds;
    }
}
