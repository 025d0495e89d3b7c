using System.Collections.Concurrent;
using System.Net.WebSockets;
using Microsoft.Extensions.Logging.Abstractions;
using Radar.Embedded.Exchange.Wallex;
using Radar.Workers.Producing.Wallex;

namespace Radar.Workers.Tests.Producing.Wallex;

/// <summary>One line to the exchange: what it tells its listener when connections take turns.</summary>
public sealed class SocketLineTests
{
    private const string Symbol = "USDTTMN", Other = "BTCTMN";
    private static readonly WallexSettings Quiet = new() { Markets = 1, TradesPerSecond = 0, DepthMarkets = 0 };

    [Fact]
    public async Task Rotation_OldConnectionEndsDuringTheOverlap_LeavesAGapAlthoughTheNewOneListens()
    {
        await using var market = await Market.OpenAsync(Quiet with { CutAfter = TimeSpan.FromSeconds(3) });
        await using var line = new Running(market, options => options with { RotateAfter = TimeSpan.FromSeconds(1), Overlap = TimeSpan.FromSeconds(60) });
        await Until.TrueAsync(() => line.Told.Contains($"lost {Symbol}"), line.What);
        Assert.Equal(2, line.Told.Count(told => told == $"settled {Symbol}")); // The second is there, and nobody else could tell.
    }

    [Fact]
    public async Task Rotation_BothListened_LosesNothingAndSaysGoodbye()
    {
        await using var market = await Market.OpenAsync(Quiet with { CutAfter = TimeSpan.FromSeconds(30) });
        await using var line = new Running(market, options => options with { RotateAfter = TimeSpan.FromSeconds(1), Overlap = TimeSpan.Zero });
        await Until.TrueAsync(async () => (await market.CountsAsync()).GetProperty("ends").TryGetProperty("left", out var left) && left.GetInt32() == 1, () => Task.FromResult(line.What));
        Assert.DoesNotContain(line.Told, told => told.StartsWith("lost", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Rotation_NewConnectionEndsDuringTheOverlap_IsSaidAndTriedAgainSoon()
    {
        await using var market = await Market.OpenAsync(Quiet);
        await using var line = new Running(market, options => options with { RotateAfter = TimeSpan.FromSeconds(1), Overlap = TimeSpan.FromSeconds(60) });
        await Until.TrueAsync(async () => await market.CountAsync("socketsOpened") == 2 && await market.CountAsync("subscriptions") == 2, () => Task.FromResult(line.What));
        await market.ControlAsync("drop=newest");
        await Until.TrueAsync(() => line.Told.Contains("gone"), line.What);
        await Until.TrueAsync(async () => await market.CountAsync("socketsOpened") == 3, () => Task.FromResult(line.What));
        Assert.DoesNotContain(line.Told, told => told.StartsWith("lost", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Market_AddedDuringTheOverlap_HasAGapOnceTheOldConnectionIsLeft()
    {
        await using var market = await Market.OpenAsync(Quiet with { Markets = 2 });
        await using var line = new Running(market, options => options with { RotateAfter = TimeSpan.FromSeconds(1), Overlap = TimeSpan.FromSeconds(3) });
        await Until.TrueAsync(async () => await market.CountAsync("subscriptions") == 2, () => Task.FromResult(line.What));
        await line.Line.AddAsync([Other], CancellationToken.None);
        await Until.TrueAsync(() => line.Told.Contains($"lost {Other}"), line.What);
        await Until.TrueAsync(() => line.Told.SkipWhile(told => told != $"lost {Other}").Contains($"settled {Other}"), line.What);
    }

    [Fact]
    public async Task Market_RemovedAndAddedAgain_IsSubscribedToAgain()
    {
        await using var market = await Market.OpenAsync(Quiet);
        await using var line = new Running(market, options => options);
        await Until.TrueAsync(() => line.Told.Contains($"settled {Symbol}"), line.What);
        line.Line.Remove([Symbol]);
        await line.Line.AddAsync([Symbol], CancellationToken.None);
        Assert.Equal(2, line.Told.Count(told => told == $"settled {Symbol}"));
    }

    [Fact]
    public async Task Subscribe_OnAConnectionThatJustEnded_FailsAsItsEndDoes()
    {
        await using var market = await Market.OpenAsync(Quiet);
        var socket = new WallexSocket("test", Options(market), (_, _) => ValueTask.CompletedTask, TimeProvider.System, NullLogger.Instance) { Number = 1 };
        await socket.DialAsync(CancellationToken.None);
        await socket.DisposeAsync();
        await Assert.ThrowsAsync<WebSocketException>(() => socket.SubscribeAsync([$"{Symbol}@trade"], CancellationToken.None)); // What lines reckon with.
    }

    private static WallexOptions Options(Market market) => new()
    {
        BaseUrl = market.Address,
        SocketUrl = new UriBuilder(market.Address) { Scheme = "ws" }.Uri,
        BootstrapServers = "",
        Topic = "",
        SettleAfter = TimeSpan.FromSeconds(0.2),
    };

    private sealed class Running : ISocketListener, IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _running;

        public Running(Market market, Func<WallexOptions, WallexOptions> change)
        {
            Line = new SocketLine(
                "test", [Symbol], ["trade"], change(Options(market)), this, new DialGate(TimeSpan.Zero, TimeProvider.System), new LineFigures(TimeProvider.System), TimeProvider.System,
                NullLogger.Instance);
            _running = Task.Run(() => Line.RunAsync(_stop.Token));
        }

        public SocketLine Line { get; }

        public ConcurrentQueue<string> Told { get; } = [];

        public string What => "it was told " + string.Join(", ", Told);

        public ValueTask HearAsync(long socket, Said frame, CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public void Lost(long socket, IReadOnlyCollection<string> symbols, DateTimeOffset since) => Tell("lost", symbols);

        public void Gone(long socket) => Told.Enqueue("gone");

        public void Settled(IReadOnlyCollection<string> symbols) => Tell("settled", symbols);

        private void Tell(string what, IReadOnlyCollection<string> symbols)
        {
            foreach (var symbol in symbols)
            {
                Told.Enqueue($"{what} {symbol}");
            }
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _stop.Dispose();
        }
    }
}
