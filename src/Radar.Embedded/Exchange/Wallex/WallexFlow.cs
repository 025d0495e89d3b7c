namespace Radar.Embedded.Exchange.Wallex;

/// <summary>Says what the market does, at a rate: made up, or from a recording.</summary>
internal sealed class WallexFlow
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);
    private const double MostBehind = 0.5;

    private readonly WallexHub _hub;
    private readonly TimeProvider _time;
    private readonly Func<WallexFrame?> _nextTrade;
    private readonly Func<WallexFrame?> _nextDepth;
    private double _tradesPerSecond;
    private double _depthPerSecond;

    /// <summary>A made-up market.</summary>
    public WallexFlow(WallexSettings settings, IReadOnlyList<string> symbols, WallexHub hub, TimeProvider time)
    {
        (_hub, _time) = (hub, time);
        var markets = symbols.Select(symbol => new SimulatedMarket(symbol, settings.Seed)).ToList();
        var trades = new SimulatedTrades(markets, settings);
        _nextTrade = () => trades.Next(time.GetUtcNow()) is var trade ? WallexFrame.Of(trade.Symbol + "@trade", trade.Data()) : null;
        var books = markets.Take(settings.DepthMarkets).SelectMany(market => new[] { WallexFrame.BuyDepth, WallexFrame.SellDepth }.Select(
            kind => new SimulatedBook(market.Symbol, kind, market.Price, market.Decimals, settings.Levels, settings.Seed))).ToArray();
        new Random(settings.Seed).Shuffle(books);
        var next = 0;
        _nextDepth = () => books.Length == 0 ? null : books[next++ % books.Length].Next();
        (_tradesPerSecond, _depthPerSecond) = (settings.TradesPerSecond, settings.DepthPerSecond * books.Length);
    }

    /// <summary>A recording. Trades and order books begin each when somebody listens to all of their channels.</summary>
    public WallexFlow(WallexSettings settings, WallexRecording recording, WallexHub hub, TimeProvider time)
    {
        (_hub, _time) = (hub, time);
        _nextTrade = Replay(recording.Trades, settings.ReplayAgain);
        _nextDepth = Replay(recording.Depth, settings.ReplayAgain);
        (_tradesPerSecond, _depthPerSecond) = (settings.ReplayPerSecond, settings.ReplayPerSecond);
    }

    /// <summary>Whether anything happens.</summary>
    public bool Running { get; set; } = true;

    /// <summary>Sets other rates, frames a second over all markets; null: as it is.</summary>
    public void SetRates(double? trades, double? depth) => (_tradesPerSecond, _depthPerSecond) = (trades ?? _tradesPerSecond, depth ?? _depthPerSecond);

    /// <summary>Goes on until it is stopped.</summary>
    /// <exception cref="OperationCanceledException">It was.</exception>
    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Tick, _time);
        double trades = 0, depth = 0;
        var before = _time.GetTimestamp();
        while (await timer.WaitForNextTickAsync(stop))
        {
            var now = _time.GetTimestamp();
            var elapsed = Math.Min(MostBehind, _time.GetElapsedTime(before, now).TotalSeconds); // A machine that stood still does not catch up.
            before = now;
            if (Running)
            {
                trades = Say(trades + (_tradesPerSecond * elapsed), _nextTrade);
                depth = Say(depth + (_depthPerSecond * elapsed), _nextDepth);
            }
        }
    }

    private double Say(double due, Func<WallexFrame?> next)
    {
        for (; due >= 1; due--)
        {
            if (next() is { } frame && _hub.IsOpen(frame.Channel))
            {
                _hub.Say(frame);
            }
        }
        return due;
    }

    private Func<WallexFrame?> Replay(IReadOnlyList<WallexFrame> frames, bool again)
    {
        var channels = frames.Select(frame => frame.Channel).Distinct(StringComparer.Ordinal).ToList();
        var at = 0;
        return () =>
        {
            channels.RemoveAll(_hub.IsOpen);
            if (channels.Count > 0 || frames.Count == 0 || (at >= frames.Count && !again))
            {
                return null;
            }
            return frames[at++ % frames.Count];
        };
    }
}
