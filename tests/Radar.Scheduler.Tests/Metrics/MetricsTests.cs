using System.Text.RegularExpressions;

namespace Radar.Scheduler.Tests.Metrics;

public sealed partial class MetricsTests(SchedulerFixture fixture) : IClassFixture<SchedulerFixture>
{
    [Fact]
    public async Task Page_is_open_and_every_line_is_of_Prometheus_text_format()
    {
        await fixture.AddWorkerAsync(new("ALL/producer/main"), """{"residentMemoryBytes": 50855936, "handled": 7, "ratePerSecond": 0.25, "lastOpenTime.BTCUSDT": 1679270400000, "lastProgressAt": "2026-01-01T00:00:00Z", "newFigure": 3}""");
        await fixture.AddWorkerAsync(new("ALL/market-producer/main"), """{"reconnects": 4, "framesReceived": 900, "deliveryFailures": 1, "repairedTrades": 12, "unrepairedGaps": 2}""");
        await fixture.AddWorkerAsync(new("ALL/trades-sink/1"), """{"lag": 31, "batches": 5, "deadLetters": 6, "lastInsertAgeSeconds": 0.5}""");
        await fixture.AddWorkerAsync(new("ALL/trades-sink/2"), """{"lag": 77, "ratePerSecond": 8, "residentMemoryBytes": 9, "handled": 10, "lastInsertAgeSeconds": 11}""");
        await fixture.AddWorkerAsync(new("BTCUSDT/tst/v1"), """{"residentMemoryBytes": 63963136, "lastOpenTime": 1679270400000, "unreadable": 2}""");
        await fixture.ExecuteAsync("UPDATE radar.workers SET pid = 4000000 WHERE worker_id <> 'ALL/trades-sink/2'; UPDATE radar.workers SET actual = 'deleted', desired = 'delete' WHERE pid IS NULL");
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
        AssertSample("radar_worker_reconnects_total", "counter", "ALL/market-producer/main", "4");
        AssertSample("radar_worker_frames_received_total", "counter", "ALL/market-producer/main", "900");
        AssertSample("radar_worker_delivery_failures_total", "counter", "ALL/market-producer/main", "1");
        AssertSample("radar_worker_repaired_trades_total", "counter", "ALL/market-producer/main", "12");
        AssertSample("radar_worker_unrepaired_gaps_total", "counter", "ALL/market-producer/main", "2");
        AssertSample("radar_worker_lag_records", "gauge", "ALL/trades-sink/1", "31");
        AssertSample("radar_worker_batches_total", "counter", "ALL/trades-sink/1", "5");
        AssertSample("radar_worker_dead_letters_total", "counter", "ALL/trades-sink/1", "6");
        AssertSample("radar_worker_last_insert_age_seconds", "gauge", "ALL/trades-sink/1", "0.5");
        // One that was deleted: what it counted is kept, what was true of it is not true any more.
        AssertSample("radar_worker_handled_total", "counter", "ALL/trades-sink/2", "10");
        Assert.Equal(
            ["radar_worker_handled_total", "radar_worker_restarts", "radar_worker_up"],
            lines.Where(l => l.Contains("ALL/trades-sink/2", StringComparison.Ordinal)).Select(l => l.Split('{')[0]).Order(StringComparer.Ordinal));
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
