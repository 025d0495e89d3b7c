namespace Radar.Market.Features;

/// <summary>
/// The 39 features of LightGBM, a candle at a time with all of history behind it, as pandas and ta compute them over the whole table.
/// The cost of a candle does not depend on how many came before; nothing is allocated. Rows count as they come: an outage is not filled.
/// A missing price or volume is taken from the row before; any other value that is not there (yet) is 0.
/// </summary>
public sealed class FeatureStream
{
    /// <summary>How many features there are.</summary>
    public const int Count = 39;

    private const int Longest = 32;

    private readonly double[] _row = new double[Count];
    private readonly Ring _close = new(Longest);
    private readonly Ring _logReturn = new(Longest);
    private readonly Ring _logVolume = new(Longest);
    private Ewma _gain = new(1.0 / 14);
    private Ewma _loss = new(1.0 / 14);
    private Ewma _fast = new(2.0 / 13);
    private Ewma _slow = new(2.0 / 27);
    private Ewma _signal = new(2.0 / 10);
    private Candle _last;

    /// <summary>The features' names, in the order of their values.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        "open", "high", "low", "close", "volume", "quote_asset_volume", "trades", "taker_base", "taker_quote", "ignore",
        "return", "log_return", "high_low_range", "close_open_range", "rolling_volatility",
        "rolling_mean_5", "rolling_mean_15", "rolling_mean_30", "rolling_std_15", "rsi", "macd", "macd_signal", "macd_diff",
        "bb_high", "bb_low", "bb_percent",
        "log_volume", "log_trades", "log_taker_base", "log_taker_quote", "log_quote_asset_volume",
        "lag_return_1", "lag_volume_1", "lag_return_3", "lag_volume_3", "lag_return_5", "lag_volume_5", "lag_return_15", "lag_volume_15",
    ];

    /// <summary>How many candles were pushed; the newest is row <c>Rows - 1</c>.</summary>
    public long Rows { get; private set; }

    /// <summary>The newest candle's features.</summary>
    public ReadOnlySpan<double> Values => _row;

    /// <summary>Takes the next candle.</summary>
    public void Push(in Candle raw)
    {
        var candle = raw.FilledFrom(_last);
        var previous = _close.Back(0);
        var change = Rows == 0 ? double.NaN : candle.Close / previous - 1;
        var logReturn = Math.Log(1 + change);
        _close.Push(candle.Close);
        _logReturn.Push(logReturn);
        _logVolume.Push(Math.Log(1 + candle.Volume));

        var row = _row.AsSpan();
        Raw(candle, row);
        row[10] = change;
        row[11] = logReturn;
        row[12] = (candle.High - candle.Low) / candle.Open;
        row[13] = (candle.Close - candle.Open) / candle.Open;
        Windows(candle.Close, row);
        Recursive(candle.Close, previous, row);
        Logarithms(candle, row);
        foreach (ref var value in row)
        {
            value = double.IsNaN(value) ? 0 : value;
        }
        _last = candle;
        Rows++;
    }

    /// <summary>The newest candle's features, rounded once to what a model takes.</summary>
    public void CopyTo(Span<float> input)
    {
        for (var i = 0; i < Count; i++)
        {
            input[i] = (float)_row[i];
        }
    }

    private static void Raw(in Candle candle, Span<double> row)
    {
        row[0] = candle.Open;
        row[1] = candle.High;
        row[2] = candle.Low;
        row[3] = candle.Close;
        row[4] = candle.Volume;
        row[5] = candle.QuoteVolume;
        row[6] = candle.Trades ?? 0;
        row[7] = candle.TakerBase;
        row[8] = candle.TakerQuote;
        row[9] = candle.Ignore ?? 0;
    }

    private void Windows(double close, Span<double> row)
    {
        row[14] = Rows >= 30 ? Window.SampleDeviation(_logReturn.Last(30)) : 0;
        row[15] = Rows >= 4 ? Window.Mean(_close.Last(5)) : 0;
        (row[16], row[18]) = (0, 0);
        if (Rows >= 14)
        {
            var (mean, squares) = Window.Moments(_close.Last(15));
            (row[16], row[18]) = (mean, Math.Sqrt(squares / 14));
        }
        row[17] = Rows >= 29 ? Window.Mean(_close.Last(30)) : 0;
        (row[23], row[24], row[25]) = (0, 0, 0);
        if (Rows >= 19)
        {
            var (mean, squares) = Window.Moments(_close.Last(20));
            var reach = 2 * Math.Sqrt(squares / 20);
            var (high, low) = (mean + reach, mean - reach);
            (row[23], row[24], row[25]) = (high, low, (close - low) / (high - low));
        }
    }

    private void Recursive(double close, double previous, Span<double> row)
    {
        var change = Rows == 0 ? 0 : close - previous;
        var up = _gain.Push(Math.Max(change, 0));
        var down = _loss.Push(Math.Max(-change, 0));
        row[19] = Rows < 13 ? 0 : down == 0 ? 100 : 100 - 100 / (1 + up / down);
        var macd = _fast.Push(close) - _slow.Push(close);
        (row[20], row[21], row[22]) = (0, 0, 0);
        if (Rows >= 25)
        {
            row[20] = macd;
            var signal = _signal.Push(macd);
            if (Rows >= 33)
            {
                (row[21], row[22]) = (signal, macd - signal);
            }
        }
    }

    private void Logarithms(in Candle candle, Span<double> row)
    {
        row[26] = _logVolume.Back(0);
        row[27] = Math.Log(1.0 + (candle.Trades ?? 0));
        row[28] = Math.Log(1 + candle.TakerBase);
        row[29] = Math.Log(1 + candle.TakerQuote);
        row[30] = Math.Log(1 + candle.QuoteVolume);
        row[31] = _logReturn.Back(1);
        row[32] = _logVolume.Back(1);
        row[33] = _logReturn.Back(3);
        row[34] = _logVolume.Back(3);
        row[35] = _logReturn.Back(5);
        row[36] = _logVolume.Back(5);
        row[37] = _logReturn.Back(15);
        row[38] = _logVolume.Back(15);
    }
}
