using System.Globalization;
using System.Text;

namespace Radar.Workers.Sinking.Trades;

/// <summary>Times of trades: ISO 8601, UTC where no zone is said, cut to the second.</summary>
internal static class EventTime
{
    /// <summary>Reads a time into seconds since 1970.</summary>
    /// <returns>False: it is no time, or one that the table's column cannot hold.</returns>
    public static bool TryRead(ReadOnlySpan<byte> text, out uint seconds)
    {
        seconds = 0;
        if (text.Length == 20 && text[4] == '-' && text[7] == '-' && text[10] == 'T' && text[13] == ':' && text[16] == ':' && text[19] == 'Z'
            && Two(text, 0, out var century) && Two(text, 2, out var year) && Two(text, 5, out var month) && Two(text, 8, out var day)
            && Two(text, 11, out var hour) && Two(text, 14, out var minute) && Two(text, 17, out var second))
        {
            year += century * 100;
            if (year is < 1970 or > 2105 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month) || hour > 23 || minute > 59 || second > 59)
            {
                return false;
            }
            seconds = (uint)((new DateTime(year, month, day, hour, minute, second, DateTimeKind.Utc).Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerSecond);
            return true;
        }
        return text.Length is > 9 and < 40 && text[4] == '-'
            && DateTimeOffset.TryParse(
                Encoding.UTF8.GetString(text), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            && time.ToUnixTimeSeconds() is var since && since is >= 0 and <= uint.MaxValue && (seconds = (uint)since) == since;
    }

    private static bool Two(ReadOnlySpan<byte> text, int at, out int number)
    {
        uint tens = text[at] - (uint)'0', ones = text[at + 1] - (uint)'0';
        number = (int)((tens * 10) + ones);
        return tens <= 9 && ones <= 9;
    }
}
