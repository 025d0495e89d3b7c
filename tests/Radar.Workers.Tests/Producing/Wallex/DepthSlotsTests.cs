using System.Text;
using Radar.Workers.Producing.Wallex;

namespace Radar.Workers.Tests.Producing.Wallex;

public sealed class DepthSlotsTests
{
    private readonly DepthSlots _slots = new(new LineFigures(TimeProvider.System), TimeProvider.System);
    private readonly List<string> _published = [];
    private Action<bool>? _delivered;

    [Fact]
    public async Task Publish_ManyFrames_GivesTheNewestOfEachSideAndOnlyWhenItChanged()
    {
        await SayAsync(1, "A@buyDepth", "1");
        await SayAsync(1, "A@buyDepth", "2");
        await SayAsync(1, "A@sellDepth", "3");
        await SayAsync(1, "B@sellDepth", "4");
        Assert.Equal(["2", "3", "4"], await PublishAsync());
        Assert.Empty(await PublishAsync());
        await SayAsync(1, "A@buyDepth", "5");
        await SayAsync(1, "B@sellDepth", "9");
        await SayAsync(1, "B@sellDepth", "4"); // Back to what it was.
        Assert.Equal(["5"], await PublishAsync());
    }

    [Fact]
    public async Task Publish_LastOneNotAcknowledged_WaitsWithTheNext()
    {
        await SayAsync(1, "A@buyDepth", "1");
        Assert.Equal(["1"], await PublishAsync(acknowledge: false));
        await SayAsync(1, "A@buyDepth", "2");
        Assert.Empty(await PublishAsync());
        await SayAsync(1, "A@buyDepth", "3");
        _delivered!(true);
        Assert.Equal(["3"], await PublishAsync());
    }

    [Fact]
    public async Task Hear_OlderConnectionAfterTheNewer_IsPassedOver()
    {
        await SayAsync(1, "A@buyDepth", "1");
        await SayAsync(2, "A@buyDepth", "2");
        await SayAsync(1, "A@buyDepth", "late");
        Assert.Equal(["2"], await PublishAsync());
    }

    [Fact]
    public async Task Gone_NewerConnection_LetsTheOlderOneSpeakAgain()
    {
        await SayAsync(1, "A@buyDepth", "1");
        await SayAsync(2, "A@buyDepth", "2");
        _slots.Gone(2);
        await SayAsync(1, "A@buyDepth", "3");
        Assert.Equal(["3"], await PublishAsync());
    }

    [Fact]
    public async Task PublishLast_WhileAFrameIsOnItsWay_PublishesTheNewerOneAfterIt()
    {
        await SayAsync(1, "A@buyDepth", "1");
        Assert.Equal(["1"], await PublishAsync(acknowledge: false));
        await SayAsync(1, "A@buyDepth", "2");
        await _slots.PublishLastAsync(
            (frame, done) =>
            {
                _published.Add(Encoding.UTF8.GetString(frame));
                _delivered = done;
                return ValueTask.CompletedTask;
            },
            () =>
            {
                _delivered!(true);
                return Task.FromResult(true);
            });
        Assert.Equal(["1", "2"], _published);
    }

    private Task SayAsync(long socket, string channel, string frame) =>
        _slots.HearAsync(socket, new Said(SaidKind.Frame, channel, Encoding.UTF8.GetBytes(frame), default), default).AsTask();

    private async Task<List<string>> PublishAsync(bool acknowledge = true)
    {
        _published.Clear();
        await _slots.PublishChangedAsync((frame, done) =>
        {
            _published.Add(Encoding.UTF8.GetString(frame));
            _delivered = done;
            if (acknowledge)
            {
                done(true);
            }
            return ValueTask.CompletedTask;
        });
        return [.. _published];
    }
}
