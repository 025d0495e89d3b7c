namespace Radar.Market.Features;

/// <summary>
/// The 30 candles before a candle, seven columns each: open, high, low, close, volume, taker_base, taker_quote. A candle is never part of
/// its own input.
/// </summary>
public sealed class SequenceWindow
{
    /// <summary>Rows of a sequence.</summary>
    public const int Length = 30;

    /// <summary>Columns of a row.</summary>
    public const int Width = 7;

    // Every row is written twice, so that any 30 in a row lie in one piece.
    private readonly float[] _rows = new float[2 * Length * Width];
    private int _next;
    private Candle _last;

    /// <summary>How many candles were pushed.</summary>
    public long Rows { get; private set; }

    /// <summary>The newest 30 candles, oldest first: the input of the candle that comes <em>next</em>. Meaningful from 30 rows on.</summary>
    public ReadOnlySpan<float> ForNext => _rows.AsSpan(_next * Width, Length * Width);

    /// <summary>Takes the next candle.</summary>
    public void Push(in Candle raw)
    {
        var candle = raw.FilledFrom(_last);
        var row = _rows.AsSpan(_next * Width, Width);
        row[0] = (float)candle.Open;
        row[1] = (float)candle.High;
        row[2] = (float)candle.Low;
        row[3] = (float)candle.Close;
        row[4] = (float)candle.Volume;
        row[5] = double.IsNaN(candle.TakerBase) ? 0 : (float)candle.TakerBase;
        row[6] = double.IsNaN(candle.TakerQuote) ? 0 : (float)candle.TakerQuote;
        row.CopyTo(_rows.AsSpan((_next + Length) * Width));
        _next = _next + 1 == Length ? 0 : _next + 1;
        _last = candle;
        Rows++;
    }
}
