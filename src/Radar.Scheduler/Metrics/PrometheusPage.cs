using System.Globalization;
using System.Text;
using Npgsql;
using Radar.Jobs.Fleet;
using Radar.Market.Candles;

namespace Radar.Scheduler.Metrics;

/// <summary><c>/metrics</c> in Prometheus' text format: what is true of fleet and runs, read when asked.</summary>
internal sealed class PrometheusPage(IFleet fleet, NpgsqlDataSource database, MeterPage meters, IConfiguration configuration, TimeProvider time)
{
    /// <summary>Writes the page. Without a database it has only <c>radar_database_up 0</c>.</summary>
    public async Task<IResult> WriteAsync(CancellationToken cancellationToken)
    {
        var page = new StringBuilder();
        try
        {
            var workers = await fleet.ListAsync(cancellationToken);
            Metric(page, "radar_database_up", "Whether PostgreSQL answers.", "gauge", [("", 1)]);
            Metric(page, "radar_worker_up", "1 while a worker runs.", "gauge",
                workers.Select(worker => (Labels(worker), worker.Actual == WorkerState.Running ? 1.0 : 0)));
            Metric(page, "radar_worker_restarts", "Restarts in a row.", "gauge", workers.Select(worker => (Labels(worker), (double)worker.Restarts)));
            Metric(page, "radar_worker_heartbeat_age_seconds", "Seconds since the last heartbeat.", "gauge",
                workers.Where(worker => worker.HeartbeatAt is not null && (worker.Pid is not null || worker.Desired != DesiredState.Delete))
                    .Select(worker => (Labels(worker), Math.Max(0, (time.GetUtcNow() - worker.HeartbeatAt!.Value).TotalSeconds))));
            foreach (var metric in workers.SelectMany(worker => WorkerMetrics.Of(worker).Select(metric => (Worker: worker, Metric: metric)))
                // What a process that has ended said last is true of nobody; what it counted, it did count.
                .Where(found => found.Worker.Pid is not null || found.Metric.Type == "counter")
                .GroupBy(found => found.Metric.Name, StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal))
            {
                var (_, first) = metric.First();
                Metric(page, metric.Key, first.Help, first.Type, metric.Select(found => (Labels(found.Worker, found.Metric.Symbol), found.Metric.Value)));
            }
            Metric(page, "radar_runs", "Runs by workflow and state.", "gauge", await RunsAsync(cancellationToken));
            Metric(page, "radar_candles_lag_seconds", "Seconds since the newest stored candle closed, by the clock of this machine.", "gauge", await LagsAsync(cancellationToken));
        }
        catch (NpgsqlException)
        {
            page.Clear();
            Metric(page, "radar_database_up", "Whether PostgreSQL answers.", "gauge", [("", 0)]);
        }
        Metric(page, "radar_scheduler_memory_bytes", "Resident memory of the scheduler.", "gauge", [("", Environment.WorkingSet)]);
        Metric(page, "process_resident_memory_bytes", "Resident memory of this process.", "gauge", [("", Environment.WorkingSet)]);
        Metric(page, "process_cpu_seconds_total", "Processor time of this process.", "counter", [("", Environment.CpuUsage.TotalTime.TotalSeconds)]);
        meters.Write(page);
        return Results.Text(page.ToString(), "text/plain; version=0.0.4; charset=utf-8");
    }

    private static string Labels(WorkerSnapshot worker, string? symbol = null) =>
        $"{{worker=\"{worker.Id}\",kind=\"{worker.Kind}\"{(symbol is null ? "" : $",symbol=\"{symbol}\"")}}}";

    private async Task<List<(string, double)>> RunsAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("SELECT workflow, state, count(*) FROM radar.workflow_runs GROUP BY 1, 2 ORDER BY 1, 2");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var runs = new List<(string, double)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            runs.Add(($"{{workflow=\"{reader.GetString(0)}\",state=\"{reader.GetString(1)}\"}}", reader.GetInt64(2)));
        }
        return runs;
    }

    private async Task<List<(string, double)>> LagsAsync(CancellationToken cancellationToken)
    {
        var lags = new List<(string, double)>();
        foreach (var symbol in (configuration["Radar:Market:Symbols"] ?? "BTCUSDT").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            try
            {
                if (await new CandleTable(database, symbol).MaxOpenTimeAsync(cancellationToken) is { } newest)
                {
                    lags.Add(($"{{symbol=\"{symbol}\"}}", Math.Max(0, (time.GetUtcNow().ToUnixTimeMilliseconds() - newest - CandleTime.Minute) / 1000.0)));
                }
            }
            catch (PostgresException missing) when (missing.SqlState == PostgresErrorCodes.UndefinedTable)
            {
                // No candle of it yet.
            }
        }
        return lags;
    }

    private static void Metric(StringBuilder page, string name, string help, string type, IEnumerable<(string Labels, double Value)> values)
    {
        page.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n");
        foreach (var (labels, value) in values)
        {
            page.Append(CultureInfo.InvariantCulture, $"{name}{labels} {value}\n");
        }
    }
}
