namespace Radar.Market.Tests.Features;

/// <summary>
/// The features written down as their definitions read, each window summed with decimal-like care (compensated) from the closes, knowing
/// nothing of rings or streams. The recursive ones run along.
/// </summary>
internal sealed class PlainFeatures
{
    private readonly IReadOnlyList<Candle> _c;
    private readonly double[] _rsi, _macd, _signal;

    public PlainFeatures(IReadOnlyList<Candle> candles)
    {
        _c = candles;
        var n = candles.Count;
        (_rsi, _macd, _signal) = (new double[n], new double[n], new double[n]);
        double up = 0, down = 0, fast = 0, slow = 0, signal = 0;
        for (var t = 0; t < n; t++)
        {
            var d = t == 0 ? 0 : Close(t) - Close(t - 1);
            up += (Math.Max(d, 0) - up) / (t == 0 ? 1 : 14);
            down += (Math.Max(-d, 0) - down) / (t == 0 ? 1 : 14);
            fast += (Close(t) - fast) * (t == 0 ? 1 : 2.0 / 13);
            slow += (Close(t) - slow) * (t == 0 ? 1 : 2.0 / 27);
            _rsi[t] = t < 13 ? 0 : down == 0 ? 100 : 100 - 100 / (1 + up / down);
            _macd[t] = t < 25 ? 0 : fast - slow;
            if (t >= 25)
            {
                signal += (_macd[t] - signal) * (t == 25 ? 1 : 0.2);
            }
            _signal[t] = t < 33 ? 0 : signal;
        }
    }

    public bool IsFlat(int t, int window) => Enumerable.Range(t - window + 1, window).All(i => Close(i) == Close(t));

    public void Row(int t, double[] f)
    {
        var c = _c[t];
        double[] raw = [c.Open, c.High, c.Low, c.Close, c.Volume, c.QuoteVolume, c.Trades ?? 0, c.TakerBase, c.TakerQuote, c.Ignore ?? 0];
        raw.CopyTo(f, 0);
        f[10] = t < 1 ? 0 : Return(t);
        f[11] = t < 1 ? 0 : LogReturn(t);
        f[12] = (c.High - c.Low) / c.Open;
        f[13] = (c.Close - c.Open) / c.Open;
        f[14] = t < 30 ? 0 : Math.Sqrt(Squares(LogReturn, t, 30) / 29);
        f[15] = t < 4 ? 0 : Mean(Close, t, 5);
        f[16] = t < 14 ? 0 : Mean(Close, t, 15);
        f[17] = t < 29 ? 0 : Mean(Close, t, 30);
        f[18] = t < 14 ? 0 : Math.Sqrt(Squares(Close, t, 15) / 14);
        f[19] = _rsi[t];
        f[20] = _macd[t];
        f[21] = _signal[t];
        f[22] = t < 33 ? 0 : _macd[t] - _signal[t];
        var deviation = t < 19 ? 0 : Math.Sqrt(Squares(Close, t, 20) / 20);
        f[23] = t < 19 ? 0 : Mean(Close, t, 20) + 2 * deviation;
        f[24] = t < 19 ? 0 : Mean(Close, t, 20) - 2 * deviation;
        f[25] = t < 19 || f[23] == f[24] ? 0 : (c.Close - f[24]) / (f[23] - f[24]);
        f[26] = LogVolume(t);
        f[27] = Math.Log(1.0 + (c.Trades ?? 0));
        f[28] = Math.Log(1 + c.TakerBase);
        f[29] = Math.Log(1 + c.TakerQuote);
        f[30] = Math.Log(1 + c.QuoteVolume);
        foreach (var (i, lag) in new[] { 1, 3, 5, 15 }.Index())
        {
            f[31 + 2 * i] = t - lag < 1 ? 0 : LogReturn(t - lag);
            f[32 + 2 * i] = t - lag < 0 ? 0 : LogVolume(t - lag);
        }
    }

    private double Close(int t) => _c[t].Close;

    private double Return(int t) => Close(t) / Close(t - 1) - 1;

    private double LogReturn(int t) => Math.Log(1 + Return(t));

    private double LogVolume(int t) => Math.Log(1 + _c[t].Volume);

    // Around the first value of the window, so that nothing is lost to the size of a price.
    private static double Mean(Func<int, double> value, int t, int window)
    {
        var (first, sum) = (value(t - window + 1), 0.0);
        for (var i = t - window + 2; i <= t; i++)
        {
            sum += value(i) - first;
        }
        return first + sum / window;
    }

    private static double Squares(Func<int, double> value, int t, int window)
    {
        var (first, sum, squares) = (value(t - window + 1), 0.0, 0.0);
        for (var i = t - window + 2; i <= t; i++)
        {
            var d = value(i) - first;
            sum += d;
            squares += d * d;
        }
        return Math.Max(0, squares - sum * sum / window);
    }
}
