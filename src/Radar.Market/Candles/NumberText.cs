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
        return Encoding.ASCII.GetBytes(WithExponent(value), text);
    }

    private static string WithExponent(double value)
    {
        if (!double.IsFinite(value))
        {
            return double.IsNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
        }
        var text = value.ToString("R", CultureInfo.InvariantCulture);
        var cut = text.IndexOf('E', StringComparison.Ordinal);
        if (cut < 0)
        {
            // Between 1e-5 and 1e-4 .NET still writes 0.0000123.
            var digits = text.TrimStart('-', '0', '.');
            var exponent = text.IndexOf(digits, StringComparison.Ordinal) - text.IndexOf('.', StringComparison.Ordinal);
            return $"{(value < 0 ? "-" : "")}{digits[..1]}{(digits.Length > 1 ? "." : "")}{digits[1..]}e-{exponent:00}";
        }
        var power = int.Parse(text.AsSpan(cut + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        return power == 15
            ? ((decimal)value).ToString(CultureInfo.InvariantCulture) + (value == Math.Floor(value) ? ".0" : "")
            : $"{text[..cut]}e{(power < 0 ? '-' : '+')}{Math.Abs(power):00}";
    }
}
