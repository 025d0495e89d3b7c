using System.Globalization;

namespace Radar.Jobs.Workflows;

/// <summary>
/// Unix cron: minute, hour, day of month, month, day of week, with seconds before them if there are six fields. Sunday is 0 or 7. Only
/// one of the two day fields may be restricted, because engines and crons disagree about what both together mean.
/// </summary>
public sealed class Cron
{
    private static readonly string[] Months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    private static readonly string[] Days = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

    private readonly bool _everyHour;

    private Cron(string[] fields)
    {
        Seconds = fields.Length == 6 ? Field(fields[0], "second", 0, 59, []) : [0];
        var rest = fields[^5..];
        Minutes = Field(rest[0], "minute", 0, 59, []);
        Hours = Field(rest[1], "hour", 0, 23, []);
        DaysOfMonth = Field(rest[2], "day of month", 1, 31, []);
        MonthsOfYear = Field(rest[3], "month", 1, 12, Months);
        DaysOfWeek = [.. Field(rest[4], "day of week", 0, 7, Days).Select(d => d % 7).Distinct().Order()];
        _everyHour = rest[1].StartsWith('*');
        AnyDayOfMonth = rest[2] is "*" or "?";
        AnyDayOfWeek = rest[4] is "*" or "?";
        if (!AnyDayOfMonth && !AnyDayOfWeek)
        {
            throw new FormatException(
                $"Cron '{string.Join(' ', fields)}' restricts both day of month ('{rest[2]}') and day of week ('{rest[4]}'): make one of them '*'.");
        }
    }

    /// <summary>Seconds it fires at.</summary>
    public IReadOnlyList<int> Seconds { get; }

    /// <summary>Minutes it fires at.</summary>
    public IReadOnlyList<int> Minutes { get; }

    /// <summary>Hours it fires at.</summary>
    public IReadOnlyList<int> Hours { get; }

    /// <summary>Days of the month it fires on.</summary>
    public IReadOnlyList<int> DaysOfMonth { get; }

    /// <summary>Months it fires in.</summary>
    public IReadOnlyList<int> MonthsOfYear { get; }

    /// <summary>Days of the week it fires on, Sunday 0.</summary>
    public IReadOnlyList<int> DaysOfWeek { get; }

    /// <summary>The day of month is not restricted.</summary>
    public bool AnyDayOfMonth { get; }

    /// <summary>The day of week is not restricted.</summary>
    public bool AnyDayOfWeek { get; }

    /// <summary>Reads an expression.</summary>
    /// <exception cref="FormatException">The message names the field and what it may hold.</exception>
    public static Cron Parse(string expression)
    {
        var fields = expression.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return fields.Length is 5 or 6
            ? new(fields)
            : throw new FormatException($"Cron '{expression}' has {fields.Length} fields; it needs 5 (minute hour day month weekday), or 6 with seconds first.");
    }

    /// <summary>The first fire after an instant. In spring a time that does not exist fires when the clock jumps; in autumn the first of two.</summary>
    /// <returns>Null when there is none within 8 years, as for 30 February.</returns>
    public DateTimeOffset? Next(DateTimeOffset after, TimeZoneInfo zone)
    {
        var from = DateTimeOffset.FromUnixTimeSeconds(after.ToUnixTimeSeconds() + 1);
        var horizon = after.AddYears(8);
        while (from < horizon)
        {
            // Within one stretch of constant offset local time is a plain line.
            var offset = zone.GetUtcOffset(from);
            if (Match(from.UtcDateTime + offset) is not { } local)
            {
                return null;
            }

            var found = new DateTimeOffset(DateTime.SpecifyKind(local - offset, DateTimeKind.Utc));
            if (zone.GetUtcOffset(found) == offset)
            {
                if (_everyHour || !IsSecondOfTwo(local, offset, zone))
                {
                    return found;
                }

                from = found.AddSeconds(1);
                continue;
            }

            var jump = Transition(from, found, offset, zone);
            var gap = zone.GetUtcOffset(jump) - offset;
            if (!_everyHour && gap > TimeSpan.Zero && local < jump.UtcDateTime + offset + gap)
            {
                return jump;
            }

            from = jump;
        }

        return null;
    }

    /// <summary>The last fire at or before an instant; null when there was none in the year before it.</summary>
    public DateTimeOffset? LastAt(DateTimeOffset at, TimeZoneInfo zone)
    {
        foreach (var days in (double[])[0.05, 1.1, 8, 32, 367])
        {
            DateTimeOffset? last = null;
            for (var next = Next(at.AddDays(-days), zone); next <= at; next = Next(next.Value, zone))
            {
                last = next;
            }

            if (last is not null)
            {
                return last;
            }
        }

        return null;
    }

    private static bool IsSecondOfTwo(DateTime local, TimeSpan offset, TimeZoneInfo zone)
    {
        var wall = DateTime.SpecifyKind(local, DateTimeKind.Unspecified);
        return zone.IsAmbiguousTime(wall) && offset != zone.GetAmbiguousTimeOffsets(wall).Max();
    }

    private static DateTimeOffset Transition(DateTimeOffset from, DateTimeOffset to, TimeSpan offset, TimeZoneInfo zone)
    {
        // The first second with another offset; a stretch is months long, the search starts a day at a time.
        var (low, high) = (from.ToUnixTimeSeconds(), from.ToUnixTimeSeconds());
        while (zone.GetUtcOffset(DateTimeOffset.FromUnixTimeSeconds(high)) == offset)
        {
            (low, high) = (high, Math.Min(high + 86_400, to.ToUnixTimeSeconds()));
        }

        while (high - low > 1)
        {
            var middle = (low + high) / 2;
            (low, high) = zone.GetUtcOffset(DateTimeOffset.FromUnixTimeSeconds(middle)) == offset ? (middle, high) : (low, middle);
        }

        return DateTimeOffset.FromUnixTimeSeconds(high);
    }

    private DateTime? Match(DateTime local)
    {
        var end = local.AddYears(9);
        for (var day = local.Date; day < end; day = day.AddDays(1))
        {
            if (!MonthsOfYear.Contains(day.Month) || !DaysOfMonth.Contains(day.Day) || !DaysOfWeek.Contains((int)day.DayOfWeek))
            {
                continue;
            }

            foreach (var hour in Hours)
            {
                foreach (var minute in Minutes)
                {
                    foreach (var second in Seconds)
                    {
                        var candidate = day + new TimeSpan(hour, minute, second);
                        if (candidate >= local)
                        {
                            return candidate;
                        }
                    }
                }
            }
        }

        return null;
    }

    private static int[] Field(string text, string field, int low, int high, string[] names)
    {
        var values = new SortedSet<int>();
        foreach (var part in text.Split(','))
        {
            var slash = part.Split('/');
            var step = slash.Length == 1 ? 1 : Number(slash[1], 1, high);
            var range = slash[0];
            var (first, last) = range is "*" or "?"
                ? (low, field == "day of week" ? 6 : high)
                : range.Split('-') is [var a, var b]
                    ? (Number(a, low, high), Number(b, low, high))
                    : (Number(range, low, high), slash.Length == 2 ? high : Number(range, low, high));
            if (last < first || slash.Length > 2)
            {
                throw Wrong(part);
            }

            for (var value = first; value <= last; value += step)
            {
                values.Add(value);
            }
        }

        return [.. values];

        int Number(string number, int least, int most)
        {
            var named = Array.FindIndex(names, n => n.Equals(number, StringComparison.OrdinalIgnoreCase));
            var value = named >= 0 ? named + (field == "month" ? 1 : 0)
                : int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed) ? parsed
                : throw Wrong(number);
            return value >= least && value <= most ? value : throw Wrong(number);
        }

        FormatException Wrong(string value) =>
            new($"Cron field {field} is '{text}': '{value}' is not understood; it takes {low} to {high}, lists, ranges and steps.");
    }
}
