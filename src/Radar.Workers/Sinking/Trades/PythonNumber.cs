using System.Globalization;
using System.Text;

namespace Radar.Workers.Sinking.Trades;

/// <summary>How the original wrote a JSON number into the text that it hashed: as Python does.</summary>
internal static class PythonNumber
{
    /// <summary>The text of a JSON number, such as 82131.5, 1.234e-05 or 1e+16; integers stay as they are.</summary>
    public static byte[] Write(ReadOnlySpan<byte> json)
    {
        var text = Encoding.ASCII.GetString(json);
        if (!text.AsSpan().ContainsAny(".eE"))
        {
            return Encoding.ASCII.GetBytes(text == "-0" ? "0" : text);
        }
        var value = double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
        if (!double.IsFinite(value))
        {
            return Encoding.ASCII.GetBytes(value > 0 ? "inf" : "-inf");
        }
        // The shortest digits that give the same number again: in both languages.
        var shortest = value.ToString("E16", CultureInfo.InvariantCulture);
        for (var digits = 0; digits < 16; digits++)
        {
            var tried = value.ToString("E" + digits.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
            if (double.Parse(tried, NumberStyles.Float, CultureInfo.InvariantCulture) == value)
            {
                shortest = tried;
                break;
            }
        }
        var mark = shortest.IndexOf('E', StringComparison.Ordinal);
        var exponent = int.Parse(shortest.AsSpan(mark + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        var sign = shortest[0] == '-' ? "-" : "";
        var mantissa = shortest[sign.Length..mark].Replace(".", "", StringComparison.Ordinal);
        return Encoding.ASCII.GetBytes(sign + Lay(mantissa, exponent));
    }

    private static string Lay(string digits, int exponent)
    {
        if (exponent is < -4 or >= 16)
        {
            var power = Math.Abs(exponent).ToString("00", CultureInfo.InvariantCulture);
            return $"{digits[0]}{(digits.Length > 1 ? "." + digits[1..] : "")}e{(exponent < 0 ? '-' : '+')}{power}";
        }
        if (exponent < 0)
        {
            return "0." + new string('0', -exponent - 1) + digits;
        }
        return digits.Length <= exponent + 1
            ? digits + new string('0', exponent + 1 - digits.Length) + ".0"
            : $"{digits[..(exponent + 1)]}.{digits[(exponent + 1)..]}";
    }
}
