using System.Text.RegularExpressions;

namespace Radar.Scheduler.Tests.Metrics;

public sealed partial class MetricsTests(SchedulerFixture fixture) : IClassFixture<SchedulerFixture>
{
    [Fact]
    public async Task Page_is_open_and_every_line_is_of_Prometheus_text_format()
    {
        await fixture.AddWorkerAsync(new("ALL/producer/main"), """{"rssMb": 48.5, "ratePerSecond": 0.25, "lastOpenTime.BTCUSDT": 1679270400000, "lastProgressAt": "2026-01-01"}""");
        await fixture.AddWorkerAsync(new("BTCUSDT/tst/v1"), """{"rssMb": 61, "lastOpenTime": 1679270400000}""");
        using var browser = fixture.Scheduler.Browser(new());
        using var answer = await browser.GetAsync("/metrics");
        answer.EnsureSuccessStatusCode();
        Assert.StartsWith("text/plain; version=0.0.4", answer.Content.Headers.ContentType!.ToString(), StringComparison.Ordinal);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.All(lines, line => Assert.Matches(Line(), line));

        var types = lines.Where(l => l.StartsWith("# TYPE ", StringComparison.Ordinal)).Select(l => l.Split(' ')[2]).ToList();
        Assert.Equal(types.Distinct(), types);
        var samples = lines.Where(l => l[0] != '#').Select(l => l[..l.LastIndexOf(' ')]).ToList();
        Assert.Equal(samples.Distinct(), samples);
        Assert.Contains("radar_database_up 1", lines);
        Assert.Contains(lines, l => l.StartsWith("radar_worker_rss_mb{worker=\"ALL/producer/main\"", StringComparison.Ordinal) && l.EndsWith(" 48.5", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.StartsWith("radar_worker_last_open_time{", StringComparison.Ordinal) && l.Contains("symbol=\"BTCUSDT\"", StringComparison.Ordinal));
    }

    [GeneratedRegex("""^(# (HELP|TYPE) [a-zA-Z_:][a-zA-Z0-9_:]* .+|[a-zA-Z_:][a-zA-Z0-9_:]*(\{[a-zA-Z_][a-zA-Z0-9_]*="([^"\\]|\\[\\n"])*"(,[a-zA-Z_][a-zA-Z0-9_]*="([^"\\]|\\[\\n"])*")*\})? (-?[0-9.]+(E[+-]?[0-9]+)?|[+-]Inf|NaN))$""")]
    private static partial Regex Line();
}
