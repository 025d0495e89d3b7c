using System.Globalization;

namespace Radar.Market.Candles;

/// <summary>Open times as text, as numbers and as PostgreSQL's timestamps. All UTC; a time without a zone is UTC.</summary>
public static class CandleTime
{
    /// <summary>Length of a candle in milliseconds.</summary>
    public const long Minute = 60_000;

    private const long PostgresEpoch = 946_684_800_000;
    private const string Layout = "yyyy-MM-dd HH:mm:ss";

    /// <summary>Text such as <c>2025-10-01 00:00:00</c>, UTC without a zone.</summary>
    public static string Format(long milliseconds) =>
        DateTimeOffset.FromUnixTimeMilliseconds(milliseconds).ToString(Layout, CultureInfo.InvariantCulture);

    /// <summary>
    /// Reads <c>2025-10-01 00:00:00</c> with or without a zone, ISO 8601, or a count since the epoch in milliseconds or microseconds
    /// (told apart by magnitude).
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> text, out long milliseconds)
    {
        text = text.Trim();
        if (TryParseFixed(text, out milliseconds))
        {
            return true;
        }
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count))
        {
            milliseconds = FromEpoch(count);
            return true;
        }
        if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
        {
            milliseconds = time.ToUnixTimeMilliseconds();
            return true;
        }
        return false;
    }

    /// <summary>Milliseconds from a count since the epoch that is in milliseconds, or, when it is above 10^14, in microseconds.</summary>
    public static long FromEpoch(long count) => count >= 100_000_000_000_000 ? count / 1000 : count;

    internal static long ToPostgres(long milliseconds) => (milliseconds - PostgresEpoch) * 1000;

    internal static long FromPostgres(long microseconds) => Math.DivRem(microseconds, 1000).Quotient + PostgresEpoch;

    /// <summary>A timestamp literal for the places that take no parameters.</summary>
    internal static string Literal(long milliseconds) =>
        $"timestamp '{DateTimeOffset.FromUnixTimeMilliseconds(Clamp(milliseconds)).ToString("yyyy-MM-dd HH:mm:ss.fff", CultureInfo.InvariantCulture)}'";

    internal static DateTime ToDateTime(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(Clamp(milliseconds)).DateTime;

    internal static long FromDateTime(DateTime time) => new DateTimeOffset(time, TimeSpan.Zero).ToUnixTimeMilliseconds();

    // So that long.MinValue and long.MaxValue may stand for "from the first" and "to the last". Years 1900 to 9999.
    private static long Clamp(long milliseconds) => Math.Clamp(milliseconds, -2_208_988_800_000, 253_402_300_799_999);

    // The two layouts that fill our files; the general parser is ten times slower.
    private static bool TryParseFixed(ReadOnlySpan<char> text, out long milliseconds)
    {
        milliseconds = 0;
        if (text.Length == 25 && text.EndsWith("+00:00"))
        {
            text = text[..19];
        }
        if (text.Length != 19 || text[4] != '-' || text[7] != '-' || text[10] is not (' ' or 'T') || text[13] != ':' || text[16] != ':')
        {
            return false;
        }
        int year = Digits(text[..4]), month = Digits(text[5..7]), day = Digits(text[8..10]);
        int hour = Digits(text[11..13]), minute = Digits(text[14..16]), second = Digits(text[17..19]);
        if (year < 1 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month)
            || hour is < 0 or > 23 || minute is < 0 or > 59 || second is < 0 or > 59)
        {
            return false;
        }
        milliseconds = new DateTimeOffset(year, month, day, hour, minute, second, TimeSpan.Zero).ToUnixTimeMilliseconds();
        return true;
    }

    private static int Digits(ReadOnlySpan<char> text)
    {
        var value = 0;
        foreach (var c in text)
        {
            if (!char.IsAsciiDigit(c))
            {
                return -1;
            }
            value = value * 10 + (c - '0');
        }
        return value;
    }
}
