using Microsoft.Extensions.Configuration;
using Radar.Scheduler.Hosting;

namespace Radar.Scheduler.Tests.Hosting;

public sealed class SchedulerSettingsTests
{
    [Fact]
    public void Problems_of_good_settings_are_none() =>
        Assert.Empty(SchedulerSettings.Problems(Settings(("Radar:Database", "Host=127.0.0.1;Database=radar")), "http://127.0.0.1:8321"));

    [Fact]
    public void Problems_of_bad_settings_are_all_told_at_once_with_value_and_setting()
    {
        var problems = SchedulerSettings.Problems(
            Settings(
                ("Radar:Market:Symbols", "BTCUSDT,eth"), ("Radar:Engine", "Hangfir"), ("Radar:Auth:OperatorPassword", "short"), ("Radar:Scheduler:DatabaseDeadline", "soon")),
            "8321");
        Assert.Equal(6, problems.Count);
        foreach (var words in new[] { "'8321'", "Radar:Database is not set", "'eth'", "'Hangfir'", "Radar:Auth:OperatorPassword", "'soon'" })
        {
            Assert.Contains(problems, p => p.Contains(words, StringComparison.Ordinal));
        }
        Assert.DoesNotContain(problems, p => p.Contains("short", StringComparison.Ordinal) && p.Contains("'short'", StringComparison.Ordinal));
    }

    private static IConfiguration Settings(params (string Key, string Value)[] settings) =>
        new ConfigurationBuilder().AddInMemoryCollection(settings.ToDictionary(s => s.Key, s => (string?)s.Value)).Build();
}
