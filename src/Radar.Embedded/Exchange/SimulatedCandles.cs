using Radar.Market;
using Radar.Market.Candles;

namespace Radar.Embedded.Exchange;

/// <summary>
/// Made-up candles: the same seed, symbol and minute always give the same candle, wherever one begins to read, and each opens where the
/// one before closed. Prices are noise summed over scales from a minute to two months, which looks like a random walk and never drifts off.
/// </summary>
internal sealed class SimulatedCandles(int seed, long from, long? to) : ICandleSource
{
    private const int Scales = 17;

    /// <inheritdoc/>
    public long? FirstAtOrAfter(string symbol, long openTime)
    {
        var first = Math.Max(from, RoundUp(openTime));
        return first < (to ?? long.MaxValue) ? first : null;
    }

    /// <inheritdoc/>
    public IEnumerable<Candle> Between(string symbol, long start, long end)
    {
        var key = Key(symbol);
        for (var minute = FirstAtOrAfter(symbol, start) ?? long.MaxValue; minute < Math.Min(end, to ?? long.MaxValue); minute += CandleTime.Minute)
        {
            yield return Make(key, minute / CandleTime.Minute);
        }
    }

    /// <inheritdoc/>
    public long Count(string symbol, long start, long end)
    {
        var first = FirstAtOrAfter(symbol, start);
        var last = LastBefore(symbol, end);
        return first is { } f && last is { } l && l >= f ? ((l - f) / CandleTime.Minute) + 1 : 0;
    }

    /// <inheritdoc/>
    public long? LastBefore(string symbol, long time)
    {
        var last = RoundUp(Math.Min(time, to ?? long.MaxValue)) - CandleTime.Minute;
        return last >= from ? last : null;
    }

    private static long RoundUp(long time) => time > long.MaxValue - CandleTime.Minute
        ? time / CandleTime.Minute * CandleTime.Minute
        : (time + CandleTime.Minute - 1) / CandleTime.Minute * CandleTime.Minute;

    private static Candle Make(ulong key, long minute)
    {
        double open = Close(key, minute - 1), close = Close(key, minute);
        var high = Math.Round(Math.Max(open, close) * (1 + (0.0006 * Unit(key ^ 1, minute))), 2);
        var low = Math.Round(Math.Min(open, close) * (1 - (0.0006 * Unit(key ^ 2, minute))), 2);
        var activity = 0.2 + (1.8 * Noise(key ^ 3, minute, 120)) + (Math.Abs(close / open - 1) * 2_000);
        var volume = Math.Round(2 + (20 * activity * Unit(key ^ 4, minute)), 5);
        var takers = 0.2 + (0.6 * Unit(key ^ 5, minute));
        var price = (open + close) / 2;
        var takerBase = Math.Round(volume * takers, 5);
        return new Candle(
            minute * CandleTime.Minute, open, high, low, close, volume, ((minute + 1) * CandleTime.Minute) - 1,
            Math.Round(volume * price, 8), (long)(50 + (volume * 60)), takerBase, Math.Round(takerBase * price, 8), 0);
    }

    private static double Close(ulong key, long minute)
    {
        var sum = 0.0;
        for (var scale = 0; scale < Scales; scale++)
        {
            var length = 1L << scale;
            sum += 0.0004 * Math.Sqrt(length) * (Noise(key + (ulong)scale, minute, length) - 0.5);
        }
        return Math.Round((20_000 + (key % 60_000)) * Math.Exp(sum), 2);
    }

    // Smooth noise in [0, 1): random values each `length` minutes, straight lines between.
    private static double Noise(ulong key, long minute, long length)
    {
        var (step, rest) = Math.DivRem(minute, length);
        double one = Unit(key, step), two = Unit(key, step + 1);
        return one + ((two - one) * rest / length);
    }

    private static double Unit(ulong key, long at) => (Mix(key * 0x9E3779B97F4A7C15 + (ulong)at) >> 11) * (1.0 / (1UL << 53));

    private static ulong Mix(ulong x)
    {
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }

    private ulong Key(string symbol) => symbol.Aggregate(Mix((ulong)seed), (key, letter) => Mix(key ^ letter));
}
