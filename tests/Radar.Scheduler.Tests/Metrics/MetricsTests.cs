using System.Text.RegularExpressions;

namespace Radar.Scheduler.Tests.Metrics;

public sealed partial class MetricsTests(SchedulerFixture fixture) : IClassFixture<SchedulerFixture>
{
    [Fact]
    public async Task Page_is_open_and_every_line_is_of_Prometheus_text_format()
    {
        await fixture.AddWorkerAsync(new("ALL/producer/main"), """{"residentMemoryBytes": 50855936, "handled": 7, "ratePerSecond": 0.25, "lastOpenTime.BTCUSDT": 1679270400000, "lastProgressAt": "2026-01-01T00:00:00Z", "newFigure": 3}""");
        await fixture.AddWorkerAsync(new("BTCUSDT/tst/v1"), """{"residentMemoryBytes": 63963136, "lastOpenTime": 1679270400000, "unreadable": 2}""");
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
        AssertSample("radar_worker_resident_memory_bytes", "gauge", "ALL/producer/main", "50855936");
        AssertSample("radar_worker_handled_total", "counter", "ALL/producer/main", "7");
        AssertSample("radar_worker_last_open_time_seconds", "gauge", "ALL/producer/main\",kind=\"prediction-consumer\",symbol=\"BTCUSDT", "1679270400");
        AssertSample("radar_worker_last_progress_seconds", "gauge", "ALL/producer/main", "1767225600");
        AssertSample("radar_worker_new_figure", "gauge", "ALL/producer/main", "3");
        AssertSample("radar_worker_unreadable_records_total", "counter", "BTCUSDT/tst/v1", "2");

        // What a dashboard is built on is named where its builder looks.
        var manual = await File.ReadAllTextAsync(SchedulerUnderTest.InRepository("docs", "api.md"));
        Assert.All(types.Where(t => t.StartsWith("radar_", StringComparison.Ordinal) && t != "radar_worker_new_figure"), name => Assert.Contains($"`{name}`", manual, StringComparison.Ordinal));

        void AssertSample(string name, string type, string labels, string value)
        {
            Assert.Contains($"# TYPE {name} {type}", lines);
            Assert.Contains(lines, l => l.StartsWith($"{name}{{worker=\"{labels}\"", StringComparison.Ordinal) && l.EndsWith(" " + value, StringComparison.Ordinal));
        }
    }

    [GeneratedRegex("""^(# (HELP|TYPE) [a-zA-Z_:][a-zA-Z0-9_:]* .+|[a-zA-Z_:][a-zA-Z0-9_:]*(\{[a-zA-Z_][a-zA-Z0-9_]*="([^"\\]|\\[\\n"])*"(,[a-zA-Z_][a-zA-Z0-9_]*="([^"\\]|\\[\\n"])*")*\})? (-?[0-9.]+(E[+-]?[0-9]+)?|[+-]Inf|NaN))$""")]
    private static partial Regex Line();
}
