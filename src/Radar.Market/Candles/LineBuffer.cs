using System.Globalization;

namespace Radar.Market.Candles;

/// <summary>Text of CSV lines as bytes.</summary>
internal sealed class LineBuffer(int rows, int longestRow)
{
    private readonly byte[] _text = new byte[rows * longestRow];
    private int _length;

    public ReadOnlyMemory<byte> Text => _text.AsMemory(0, _length);

    /// <summary>An open time as <c>2025-10-01 00:00:00+00:00</c>.</summary>
    public void Time(long milliseconds)
    {
        DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
            .TryFormat(_text.AsSpan(_length), out var written, "yyyy-MM-dd HH:mm:ss+00:00", CultureInfo.InvariantCulture);
        _length += written;
    }

    public void Literal(ReadOnlySpan<byte> text)
    {
        text.CopyTo(_text.AsSpan(_length));
        _length += text.Length;
    }

    public void Number(double value) => _length += NumberText.Write(value, _text.AsSpan(_length));

    /// <summary>A number, or nothing at all for NaN.</summary>
    public void Known(double value)
    {
        if (!double.IsNaN(value))
        {
            Number(value);
        }
    }

    /// <summary>A whole number, or nothing at all.</summary>
    public void Known(long? value)
    {
        if (value is { } number)
        {
            number.TryFormat(_text.AsSpan(_length), out var written, default, CultureInfo.InvariantCulture);
            _length += written;
        }
    }
}
