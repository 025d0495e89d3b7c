using System.Text;
using Radar.Workers.Producing.Wallex;

namespace Radar.Workers.Tests.Producing.Wallex;

/// <summary>What is heard before the topic's end is known.</summary>
public sealed class HeldTradesTests : IDisposable
{
    private const string Symbol = "USDTTMN";
    private static readonly WallexOptions Options = new() { BaseUrl = new Uri("http://127.0.0.1:9"), SocketUrl = new Uri("ws://127.0.0.1:9"), BootstrapServers = "", Topic = "" };
    private readonly WallexRestClient _rest = new(Options, TimeProvider.System); // Never asked.
    private readonly TradeBook _book = new(new Dictionary<string, DateTimeOffset>());
    private readonly List<string> _published = [];

    [Fact]
    public async Task Open_FramesThatTheTopicHas_AreNotPublishedAgain()
    {
        var held = Hold(10);
        await HearAsync(held, 1, "1", "2", "2", "3");
        held.Lost(1, [Symbol], DateTimeOffset.UnixEpoch);
        await HearAsync(held, 1, "4");
        Assert.Equal(5, held.Count);
        await OpenAsync(held, Trade("1"), Trade("2"));
        await HearAsync(held, 1, "5");
        Assert.Equal(["2", "3", "4", "5"], _published);
        Assert.Equal(0, held.Count);
        Assert.NotNull(_book.Of(Symbol).Gap); // Of the connection that was lost meanwhile.
    }

    [Fact]
    public async Task Hear_MoreThanIsHeld_WaitsAndKeepsItsOrder()
    {
        var held = Hold(2);
        await HearAsync(held, 1, "1", "2");
        var waiting = HearAsync(held, 1, "3");
        Assert.False(waiting.IsCompleted);
        await OpenAsync(held);
        await waiting;
        Assert.Equal(["1", "2", "3"], _published);
    }

    [Fact]
    public async Task Hear_MoreThanIsHeldAndTheConnectionEnds_GivesUp()
    {
        var held = Hold(0);
        using var over = new CancellationTokenSource();
        var waiting = held.HearAsync(1, Frame("1"), over.Token).AsTask();
        await over.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await OpenAsync(held);
        Assert.Empty(_published);
    }

    public void Dispose() => _rest.Dispose();

    private HeldTrades Hold(int most) => new(_rest, new LineFigures(TimeProvider.System), most, TimeProvider.System);

    private Task OpenAsync(HeldTrades held, params TradeText[] tail)
    {
        _book.Begin(new TradeTail([.. tail.Select(trade => (Symbol, trade))], DateTimeOffset.UnixEpoch, null));
        var capture = new TradeCapture(_book, frame =>
        {
            _published.Add(TradeText.Read(FrameOf(frame).Data)!.Value.Price);
            return ValueTask.CompletedTask;
        });
        return held.OpenAsync(capture, CancellationToken.None);
    }

    private static async Task HearAsync(HeldTrades held, long socket, params string[] prices)
    {
        foreach (var price in prices)
        {
            await held.HearAsync(socket, Frame(price), CancellationToken.None);
        }
    }

    private static TradeText Trade(string price) => TradeText.Read(Frame(price).Data)!.Value;

    private static Said Frame(string price) => FrameOf(Encoding.UTF8.GetBytes(
        $$"""["{{Symbol}}@trade",{"isBuyOrder":true,"quantity":"1","price":"{{price}}","timestamp":"2026-03-01T00:00:00Z"}]"""));

    private static Said FrameOf(byte[] frame)
    {
        var said = new List<Said>();
        new FirstProtocol().Read(frame, said);
        return Assert.Single(said);
    }
}
