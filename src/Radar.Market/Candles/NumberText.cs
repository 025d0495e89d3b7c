using System.Globalization;
using System.Text;

namespace Radar.Market.Candles;

/// <summary>
/// Numbers as the original's files and messages write them: the shortest text that reads back as the same double, with a point or an
/// exponent always (<c>114100.0</c>, <c>1e-05</c>).
/// </summary>
public static class NumberText
{
    /// <summary>Longest text of a double.</summary>
    public const int Longest = 32;

    /// <summary>The text of a number.</summary>
    public static string Format(double value)
    {
        Span<byte> text = stackalloc byte[Longest];
        return Encoding.ASCII.GetString(text[..Write(value, text)]);
    }

    /// <summary>Writes a number, <c>nan</c> and <c>inf</c> included, and returns how many bytes that took.</summary>
    public static int Write(double value, Span<byte> text)
    {
        var size = Math.Abs(value);
        if (value == 0 || (size >= 1e-4 && size < 1e15))
        {
            value.TryFormat(text, out var length, "R", CultureInfo.InvariantCulture);
            if (!text[..length].Contains((byte)'.'))
            {
                text[length++] = (byte)'.';
                text[length++] = (byte)'0';
            }
            return length;
        }
        return Encoding.ASCII.GetBytes(Rare(value), text);
    }

    // Digits and exponent as .NET found them, put together by Python's rule: an exponent below 1e-4 and from 1e16 on.
    private static string Rare(double value)
    {
        if (!double.IsFinite(value))
        {
            return double.IsNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
        }
        var text = Math.Abs(value).ToString("R", CultureInfo.InvariantCulture);
        var cut = text.IndexOf('E', StringComparison.Ordinal);
        var power = cut < 0 ? 0 : int.Parse(text.AsSpan(cut + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        var mantissa = cut < 0 ? text : text[..cut];
        var point = mantissa.IndexOf('.', StringComparison.Ordinal);
        var digits = mantissa.Replace(".", "", StringComparison.Ordinal);
        var exponent = (point < 0 ? digits.Length : point) - 1 + power;
        exponent -= digits.Length - digits.TrimStart('0').Length;
        digits = digits.Trim('0');
        var sign = value < 0 ? "-" : "";
        if (exponent is >= 0 and < 16)
        {
            var whole = digits.PadRight(exponent + 1, '0');
            return $"{sign}{whole[..(exponent + 1)]}.{(whole.Length > exponent + 1 ? whole[(exponent + 1)..] : "0")}";
        }
        return $"{sign}{digits[..1]}{(digits.Length > 1 ? "." : "")}{digits[1..]}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
    }
}
