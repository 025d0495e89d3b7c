using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Npgsql;

namespace Radar.Bench.Fleet;

/// <summary>
/// A whole system started as a person starts it: seconds of start-fleet and kill-fleet, memory of each idle worker (PSS, so that shared
/// pages count once), and the time from a candle's close on the exchange's clock to each of its predictions being there to read.
/// </summary>
internal static class FleetBench
{
    private const int Candles = 120;
    private const int Speed = 60;
    private const string HistoryUntil = "2026-01-02T00:00:00";

    public static async Task RunAsync(string root, TimeProvider time, CancellationToken cancellationToken)
    {
        var state = Directory.CreateTempSubdirectory("radar-bench-").FullName;
        try
        {
            await RadarAsync(root, state, cancellationToken, "up", "--headless", "--simulate", "--from", "2026-01-01", "--to",
                "2026-01-03", "--history-until", HistoryUntil, "--speed", Speed.ToString(CultureInfo.InvariantCulture));
            var (database, exchange) = Addresses(state);
            await using var source = NpgsqlDataSource.Create(database);
            await MeasureLatencyAsync(source, exchange, time, cancellationToken);
            await ReportMemoryAsync(source, cancellationToken);
            for (var round = 0; round < 3; round++)
            {
                await RadarAsync(root, state, cancellationToken, "run", "kill-fleet", "--wait");
                await RadarAsync(root, state, cancellationToken, "run", "start-fleet", "--wait");
            }

            await ReportRunsAsync(source, cancellationToken);
        }
        finally
        {
            await RadarAsync(root, state, CancellationToken.None, "down", "--erase");
            if (Directory.Exists(state))
            {
                Directory.Delete(state, recursive: true);
            }
        }
    }

    private static async Task MeasureLatencyAsync(
        NpgsqlDataSource source, Uri exchange, TimeProvider time, CancellationToken cancellationToken)
    {
        string[] columns = ["lightgbm_1", "lightgbm_2", "lightgbm_3", "tst_1", "tst_2", "tst_3"];
        var latencies = columns.ToDictionary(column => column, _ => new List<double>());
        var newest = new Dictionary<string, long>();
        using var http = new HttpClient { BaseAddress = exchange };
        var (clock, at) = await ClockAsync(http, time, cancellationToken);
        var sql = "SELECT " + string.Join(", ", columns.Select(column =>
            $"(SELECT (extract(epoch FROM max(open_time)) * 1000)::bigint FROM (SELECT open_time, {column} FROM btcusdt ORDER BY open_time DESC LIMIT 5) newest WHERE {column} IS NOT NULL)"));
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.PrepareAsync(cancellationToken);
        while (latencies.Values.Any(list => list.Count < Candles))
        {
            await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
            {
                await reader.ReadAsync(cancellationToken);
                var elapsed = time.GetElapsedTime(at).TotalMilliseconds;
                for (var column = 0; column < columns.Length; column++)
                {
                    var openTime = reader.IsDBNull(column) ? 0 : reader.GetInt64(column);
                    if (newest.TryGetValue(columns[column], out var before) && openTime > before)
                    {
                        latencies[columns[column]].Add(elapsed - ((openTime + 60_000 - clock) / Speed));
                    }

                    newest[columns[column]] = openTime;
                }
            }

            await Task.Delay(TimeSpan.FromMilliseconds(2), time, cancellationToken);
        }

        foreach (var (column, list) in latencies)
        {
            Report($"candle closed to {column} stored", $"p50 {Percentile(list, 0.5):0} ms, p99 {Percentile(list, 0.99):0} ms of {list.Count}");
        }

        var all = latencies.Values.SelectMany(list => list).ToList();
        Report("candle closed to prediction stored, all", $"p50 {Percentile(all, 0.5):0} ms, p99 {Percentile(all, 0.99):0} ms (goal 100 ms)");
    }

    // The exchange's clock against ours, from the quickest of a few answers.
    private static async Task<(double Clock, long At)> ClockAsync(HttpClient http, TimeProvider time, CancellationToken cancellationToken)
    {
        var best = (Clock: 0d, At: 0L, Took: TimeSpan.MaxValue);
        for (var i = 0; i < 20; i++)
        {
            var before = time.GetTimestamp();
            using var answer = JsonDocument.Parse(await http.GetStringAsync(new Uri("/api/v3/time", UriKind.Relative), cancellationToken));
            var took = time.GetElapsedTime(before);
            if (took < best.Took)
            {
                best = (answer.RootElement.GetProperty("serverTime").GetInt64(), before + ((time.GetTimestamp() - before) / 2), took);
            }
        }

        return (best.Clock, best.At);
    }

    private static async Task ReportMemoryAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("SELECT worker_id, pid FROM radar.workers WHERE pid IS NOT NULL ORDER BY worker_id");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var pss = File.ReadLines($"/proc/{reader.GetInt32(1)}/smaps_rollup").First(line => line.StartsWith("Pss:", StringComparison.Ordinal));
            var kilobytes = int.Parse(pss.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
            Report($"memory (PSS) of {reader.GetString(0)}", $"{kilobytes / 1024.0:0.0} MB (goal 70)");
        }
    }

    private static async Task ReportRunsAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        const string Sql = """
            SELECT workflow, percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM ended_at - created_at)), count(*)
            FROM   radar.workflow_runs WHERE state = 'succeeded' GROUP BY workflow ORDER BY workflow
            """;
        await using var command = source.CreateCommand(Sql);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var goal = reader.GetString(0) == "start-fleet" ? 15 : 5;
            Report($"{reader.GetString(0)}", $"median {reader.GetDouble(1):0.0} s of {reader.GetInt64(2)} (goal {goal})");
        }
    }

    private static (string Database, Uri Exchange) Addresses(string state)
    {
        using var secrets = JsonDocument.Parse(File.ReadAllText(Path.Combine(state, "secrets.json")));
        using var system = JsonDocument.Parse(File.ReadAllText(Path.Combine(state, "system.json")));
        var exchange = system.RootElement.GetProperty("services").EnumerateArray()
            .Single(service => service.GetProperty("name").GetString() == "exchange").GetProperty("address").GetString()!;
        return (secrets.RootElement.GetProperty("database").GetString()!, new Uri(exchange));
    }

    private static async Task RadarAsync(string root, string state, CancellationToken cancellationToken, params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(root, "radar")) { RedirectStandardOutput = true };
        foreach (var argument in (string[])[.. arguments, "--state", state])
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"'radar {string.Join(' ', arguments)}' ended with {process.ExitCode}: {output}");
        }
    }

    private static double Percentile(List<double> values, double share)
    {
        var sorted = values.Order().ToList();
        return sorted[(int)Math.Min(sorted.Count - 1, Math.Ceiling(share * sorted.Count) - 1)];
    }

    private static void Report(string what, string figure) => Console.WriteLine($"{what,-48} {figure}");
}
