using System.Runtime.CompilerServices;
using Radar.Market.Candles;

namespace Radar.Market.Binance;

/// <summary>Closed candles as they came in one call.</summary>
/// <param name="Candles">Oldest first; never empty.</param>
/// <param name="ServerTime">The exchange's time just before the call, milliseconds UTC: all candles had closed by then.</param>
/// <param name="IsLive">False while history is being caught up with.</param>
public sealed record KlinePage(IReadOnlyList<Candle> Candles, long ServerTime, bool IsLive);

/// <summary>A symbol's closed candles from a time on, without end: history in pages, then each candle as soon as it has closed.</summary>
/// <remarks>
/// The exchange's time is asked before each call, and only candles that had closed by then are passed on, so an open candle never leaves
/// (C-01). A minute in which nothing comes is neither invented nor asked for again for ever.
/// </remarks>
public sealed class KlineFeed(BinanceClient client, ExchangeOptions options, TimeProvider time)
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan GiveUp = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan FirstStep = TimeSpan.FromMilliseconds(5);

    /// <summary>Reads candles.</summary>
    /// <param name="symbol">Symbol.</param>
    /// <param name="from">Earliest open time, milliseconds UTC.</param>
    /// <param name="cancellationToken">Ends the feed, also in the middle of a wait.</param>
    public async IAsyncEnumerable<KlinePage> ReadAsync(
        string symbol, long from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var next = from;
        var pause = new Pause(options.Clock, time);
        while (true)
        {
            var serverTime = await client.ServerTimeAsync(cancellationToken);
            pause.Saw(serverTime);
            var page = await client.KlinesAsync(symbol, next, options.PageSize, cancellationToken);
            var full = page.Count == options.PageSize;
            var start = next;
            page.RemoveAll(candle => candle.OpenTime < start || candle.CloseTime >= serverTime);
            if (page.Count > 0)
            {
                next = page[^1].OpenTime + 1;
                pause.Got(page[^1].OpenTime);
                yield return new KlinePage(page, serverTime, !full);
            }
            if (!full)
            {
                await pause.WaitAsync(page.Count > 0, cancellationToken);
            }
        }
    }

    /// <summary>Decides when to ask next.</summary>
    private sealed class Pause(ExchangeClock clock, TimeProvider time)
    {
        private long _serverTime;
        private long _seenAt;
        private bool _moved;
        private long _newest;
        private long _boundary;
        private TimeSpan _retry = FirstRetry;
        private TimeSpan _step = FirstStep;

        public void Saw(long serverTime)
        {
            _moved = serverTime != _serverTime;
            _serverTime = serverTime;
            _seenAt = time.GetTimestamp();
        }

        public void Got(long openTime) => _newest = openTime;

        public async Task WaitAsync(bool gotSomething, CancellationToken cancellationToken)
        {
            if (clock.Steps)
            {
                // It moves because we ask. When it does not, it has come to its end, or another must ask.
                _step = _moved || gotSomething ? FirstStep : Shorter(_step * 2, LongestRetry);
                if (!_moved && !gotSomething)
                {
                    await Task.Delay(_step, time, cancellationToken);
                }
                return;
            }

            var now = (long)Now();
            var givenUp = _boundary + (long)Math.Min(GiveUp.TotalMilliseconds * clock.Rate, CandleTime.Minute);
            if (gotSomething || now >= givenUp)
            {
                // The candle after the newest closes two minutes after that one opened. A minute that brought none is over with the next.
                _boundary = gotSomething ? _newest + (2 * CandleTime.Minute) : ((now / CandleTime.Minute) + 1) * CandleTime.Minute;
                _retry = FirstRetry;
            }
            if (now < _boundary)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(((_boundary - now) / clock.Rate) + 1), time, cancellationToken);
                return;
            }
            await Task.Delay(_retry, time, cancellationToken);
            _retry = Shorter(_retry * 2, LongestRetry);
        }

        private double Now() => _serverTime + (time.GetElapsedTime(_seenAt).TotalMilliseconds * clock.Rate);

        private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;
    }
}
