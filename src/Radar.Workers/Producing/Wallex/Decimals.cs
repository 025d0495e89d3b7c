using System.Globalization;

namespace Radar.Workers.Producing.Wallex;

/// <summary>How decimals are written: some servers fill them up to 16 places, others leave zeros out.</summary>
internal static class Decimals
{
    private const int Places = 16;

    /// <summary>Without zeros at the end, and without an exponent.</summary>
    public static string Shorten(string text)
    {
        if (text.AsSpan().ContainsAny('e', 'E') && decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
        {
            return value.ToString("0.############################", CultureInfo.InvariantCulture);
        }
        return text.Contains('.', StringComparison.Ordinal) ? text.TrimEnd('0').TrimEnd('.') : text;
    }

    /// <summary>With 16 places.</summary>
    public static string Fill(string text)
    {
        var shortened = Shorten(text);
        var point = shortened.IndexOf('.', StringComparison.Ordinal);
        var places = point < 0 ? 0 : shortened.Length - point - 1;
        return places >= Places ? shortened : (point < 0 ? shortened + "." : shortened) + new string('0', Places - places);
    }

    /// <summary>Whether it has 16 places.</summary>
    public static bool IsFilled(string text) => text.IndexOf('.', StringComparison.Ordinal) is var point and >= 0 && text.Length - point - 1 == Places;
}
