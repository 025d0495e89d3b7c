using Radar.Jobs.Workflows;

namespace Radar.Jobs.Quartz;

/// <summary>Unix cron in Quartz's words: seconds first, Sunday is 1, and one of the two day fields is a question mark.</summary>
internal static class QuartzCron
{
    public static string Translate(string unix)
    {
        var cron = Cron.Parse(unix);
        var dayOfMonth = cron.AnyDayOfWeek ? Field(cron.DaysOfMonth, 31) : "?";
        var dayOfWeek = cron.AnyDayOfWeek ? "?" : Field([.. cron.DaysOfWeek.Select(d => d + 1)], 7);
        return string.Join(' ',
            Field(cron.Seconds, 60), Field(cron.Minutes, 60), Field(cron.Hours, 24), dayOfMonth, Field(cron.MonthsOfYear, 12), dayOfWeek);
    }

    private static string Field(IReadOnlyList<int> values, int all) => values.Count == all ? "*" : string.Join(',', values);
}
