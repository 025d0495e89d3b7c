using global::Quartz;
using Radar.Jobs.Quartz;
using Cron = Radar.Jobs.Workflows.Cron;

namespace Radar.Jobs.Tests.Workflows;

public sealed class CronTests
{
    private static readonly DateTimeOffset From = new(2026, 3, 27, 12, 34, 56, TimeSpan.Zero);

    [Theory]
    [InlineData("* * * * *")]
    [InlineData("*/10 * * * *")]
    [InlineData("0 0 * * *")]
    [InlineData("15 3 * * 0")]
    [InlineData("15 3 * * 7")]
    [InlineData("15 3 * * MON-FRI")]
    [InlineData("0 0 */5 * *")]
    [InlineData("0 12 1 JAN,JUL *")]
    [InlineData("30 4 31 * *")]
    [InlineData("0 0 29 2 *")]
    [InlineData("*/7 * * * * *")]
    [InlineData("0 0 0 1 1 *")]
    [InlineData("5-59/20 8-18/2 * * 1,3,5")]
    public void Translate_NextTenFires_AreThoseOfUnixCron(string expression)
    {
        var quartz = new CronExpression(QuartzCron.Translate(expression), TimeZoneInfo.Utc);
        Assert.Equal(Fires(From, t => Cron.Parse(expression).Next(t, TimeZoneInfo.Utc)), Fires(From, t => quartz.GetNextValidTimeAfter(t)));
    }

    [Fact]
    public void Next_WeekdayNumbers_SundayIsNought() => Assert.Equal(
        ["2026-03-29", "2026-04-05"],
        Fires(From, t => Cron.Parse("0 0 * * 0").Next(t, TimeZoneInfo.Utc)).Take(2).Select(t => $"{t:yyyy-MM-dd}"));

    [Fact]
    public void Next_ExpectedByHand_TenTimes() => Assert.Equal(
        [
            "03-27 12:40", "03-27 13:00", "03-27 13:20", "03-27 13:40", "03-30 12:00", "03-30 12:20", "03-30 12:40", "03-30 13:00",
            "03-30 13:20", "03-30 13:40",
        ],
        Fires(From, t => Cron.Parse("*/20 12-13 * * 1-5").Next(t, TimeZoneInfo.Utc)).Select(t => $"{t:MM-dd HH:mm}"));

    [Theory]
    [InlineData("30 2 * * *", "2026-03-28T12:00Z", "2026-03-29T01:00Z", "2026-03-30T00:30Z")] // 02:30 does not exist on the 29th: at the jump.
    [InlineData("30 2 * * *", "2026-10-24T12:00Z", "2026-10-25T00:30Z", "2026-10-26T01:30Z")] // 02:30 comes twice on the 25th: the first.
    [InlineData("0 * * * *", "2026-10-25T00:00Z", "2026-10-25T01:00Z", "2026-10-25T02:00Z")] // Every hour means every hour.
    [InlineData("0 * * * *", "2026-03-29T00:00Z", "2026-03-29T01:00Z", "2026-03-29T02:00Z")]
    public void Next_ClockChanges_FireOnce(string expression, string after, string first, string second)
    {
        var vienna = TimeZoneInfo.FindSystemTimeZoneById("Europe/Vienna");
        var cron = Cron.Parse(expression);
        var next = cron.Next(At(after), vienna);
        Assert.Equal(At(first), next);
        Assert.Equal(At(second), cron.Next(next!.Value, vienna));
    }

    [Fact]
    public void LastAt_BetweenFires_IsTheOneBefore()
    {
        var cron = Cron.Parse("0 6 * * 1");
        Assert.Equal(At("2026-03-23T06:00Z"), cron.LastAt(From, TimeZoneInfo.Utc));
        Assert.Equal(At("2026-03-23T06:00Z"), cron.LastAt(At("2026-03-23T06:00Z"), TimeZoneInfo.Utc));
    }

    [Fact]
    public void Next_NeverComes_IsNull() => Assert.Null(Cron.Parse("0 0 30 2 *").Next(From, TimeZoneInfo.Utc));

    [Theory]
    [InlineData("* * * *", "4 fields")]
    [InlineData("60 * * * *", "minute")]
    [InlineData("* * * FOO *", "FOO")]
    [InlineData("0 0 13 * 5", "both day of month ('13') and day of week ('5')")]
    [InlineData("*/0 * * * *", "'0' is not understood")]
    public void Parse_Wrong_NamesTheField(string expression, string named) =>
        Assert.Contains(named, Assert.Throws<FormatException>(() => Cron.Parse(expression)).Message, StringComparison.Ordinal);

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    private static List<DateTimeOffset> Fires(DateTimeOffset from, Func<DateTimeOffset, DateTimeOffset?> next)
    {
        var fires = new List<DateTimeOffset>();
        for (var at = next(from); at is not null && fires.Count < 10; at = next(at.Value))
        {
            fires.Add(at.Value);
        }

        return fires;
    }
}
