using Radar.Embedded.Launch;

namespace Radar.Embedded.Tests.Launch;

public sealed class UpPlanTests
{
    public static TheoryData<string, string> Refused => new()
    {
        { "--simulate --live", "exclude one another" },
        { "--speed fast", "--speed fast" },
        { "--speed 0", "--speed 0" },
        { "--from 2026-02-01 --to 2026-01-01", "--from 2026-02-01 is not before --to 2026-01-01" },
        { "--from 2026-01-01 --to 2026-01-01", "--from 2026-01-01 is not before" },
        { "--from yesterday", "--from yesterday is no date" },
        { "--from 2026-01-01 --to 2026-01-05 --history-until 2026-01-06", "--history-until 2026-01-06 is not between" },
        { "--page-size 0", "--page-size 0 is not between 1 and 1000" },
        { "--page-size 1001", "--page-size 1001 is not between 1 and 1000" },
        { "--live --to 2026-01-01", "leave them out with --live" },
        { "--replay /nowhere", "'/nowhere', does not exist" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void Make_BadInput_NamesTheOptionAndItsValue(string typed, string message)
    {
        var problem = Assert.Throws<EmbeddedException>(() => Make(typed));
        Assert.Contains(message, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Make_ReplayedWeek_BeginsWithHistoryAndEndsLive()
    {
        var plan = Make("--simulate --from 2023-03-20 --to 2023-03-27 --speed max");
        Assert.Equal(Time("2023-03-20"), plan.From);
        Assert.Equal(Time("2023-03-27"), plan.To);
        Assert.Equal(Time("2023-03-26"), plan.HistoryUntil);
        Assert.True(plan.Speed.Steps);
    }

    [Fact]
    public void Make_SimulatedWithoutADate_HasThreeDaysOfHistoryAndNoEnd()
    {
        var plan = Make("--simulate");
        Assert.Null(plan.To);
        Assert.Equal((long)TimeSpan.FromDays(3).TotalMilliseconds, plan.HistoryUntil!.Value - plan.From!.Value);
    }

    [Fact]
    public void Make_SimulatedAgain_BeginsWhereItFirstBegan()
    {
        var first = Make("--simulate --from 2025-01-01");
        var again = UpPlan.Make(new UpArguments { Simulate = true }, State(first), TimeProvider.System);
        Assert.Equal(first.From, again.From);
    }

    private static SystemState State(UpPlan plan) => new()
    {
        Phase = SystemPhase.Down, Launcher = "", Mode = plan.Mode, From = plan.From, Speed = "1", Services = [],
    };

    private static long Time(string date) => DateTimeOffset.Parse(date + "T00:00Z", System.Globalization.CultureInfo.InvariantCulture).ToUnixTimeMilliseconds();

    private static UpPlan Make(string typed)
    {
        var words = typed.Split(' ');
        string? After(string option) => Array.IndexOf(words, option) is var at && at >= 0 ? words[at + 1] : null;
        return UpPlan.Make(
            new UpArguments
            {
                Simulate = words.Contains("--simulate"),
                Live = words.Contains("--live"),
                Replay = After("--replay"),
                From = After("--from"),
                To = After("--to"),
                HistoryUntil = After("--history-until"),
                Speed = After("--speed"),
                PageSize = After("--page-size") is { } size ? int.Parse(size, System.Globalization.CultureInfo.InvariantCulture) : null,
            },
            previous: null,
            TimeProvider.System);
    }
}
