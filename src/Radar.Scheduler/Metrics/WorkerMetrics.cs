using System.Text.Json;
using Radar.Jobs.Fleet;

namespace Radar.Scheduler.Metrics;

/// <summary>One number of a worker's heartbeat as Prometheus names it.</summary>
/// <param name="Name">Metric, with its base unit.</param>
/// <param name="Type">gauge or counter.</param>
/// <param name="Help">What it says.</param>
/// <param name="Symbol">The market it is of; null where it is of the whole worker.</param>
/// <param name="Value">In the base unit.</param>
internal readonly record struct WorkerMetric(string Name, string Type, string Help, string? Symbol, double Value);

/// <summary>Turns the figures of a heartbeat into metrics: seconds, bytes and plain counts.</summary>
internal static class WorkerMetrics
{
    private const double Millisecond = 0.001;

    private static readonly Dictionary<string, (string Name, string Type, double Unit, string Help)> Known = new(StringComparer.Ordinal)
    {
        ["cpuRatio"] = ("radar_worker_cpu_ratio", "gauge", 1, "Processor time of the last heartbeat's interval; 1 is one core."),
        ["cpuSeconds"] = ("radar_worker_cpu_seconds_total", "counter", 1, "Processor time of the worker's process."),
        ["residentMemoryBytes"] = ("radar_worker_resident_memory_bytes", "gauge", 1, "Resident memory of the worker's process."),
        ["handled"] = ("radar_worker_handled_total", "counter", 1, "Candles, predictions, frames or rows that the worker's process dealt with."),
        ["ratePerSecond"] = ("radar_worker_handled_per_second", "gauge", 1, "The same over the last heartbeat's interval."),
        ["lag"] = ("radar_worker_lag_records", "gauge", 1, "Records of the topic that the consumer has not read."),
        ["unreadable"] = ("radar_worker_unreadable_records_total", "counter", 1, "Records that could not be read and were set aside as dead letters."),
        ["lastOpenTime"] = ("radar_worker_last_open_time_seconds", "gauge", Millisecond, "Open time of the newest candle dealt with, since 1970."),
        ["published"] = ("radar_worker_published_open_time_seconds", "gauge", Millisecond, "Open time of the newest candle that the broker has acknowledged, since 1970."),
        ["batches"] = ("radar_worker_batches_total", "counter", 1, "Batches that a sink has inserted."),
        ["unstored"] = ("radar_worker_unstored_records", "gauge", 1, "Records that a sink has read and not stored yet."),
        ["deadLetters"] = ("radar_worker_dead_letters_total", "counter", 1, "Records that a sink has set aside in the topic of dead letters."),
        ["lastInsertAgeSeconds"] = ("radar_worker_last_insert_age_seconds", "gauge", 1, "How long ago a sink's last batch was inserted."),
        ["reconnects"] = ("radar_worker_reconnects_total", "counter", 1, "Connections that a producer has lost and made anew."),
        ["framesReceived"] = ("radar_worker_frames_received_total", "counter", 1, "Frames that a producer's connections have told."),
        ["deliveryFailures"] = ("radar_worker_delivery_failures_total", "counter", 1, "Deliveries to the broker that failed; most were tried again."),
        ["repairedTrades"] = ("radar_worker_repaired_trades_total", "counter", 1, "Trades that no connection told and REST had."),
        ["unrepairedGaps"] = ("radar_worker_unrepaired_gaps_total", "counter", 1, "Stretches in which trades may be lacking; they are listed in gaps/ of the logs."),
        ["roundAgeSeconds"] = ("radar_worker_round_age_seconds", "gauge", 1, "How long before the last heartbeat the work itself came round, with or without anything to deal with."),
        ["lastProgressAt"] = ("radar_worker_last_progress_seconds", "gauge", 1, "When the worker last dealt with something, since 1970."),
    };

    /// <summary>The metrics of a worker's last heartbeat. A figure that is not known here is a gauge of its own name.</summary>
    public static IEnumerable<WorkerMetric> Of(WorkerSnapshot worker)
    {
        using var figures = JsonDocument.Parse(worker.Figures);
        foreach (var figure in figures.RootElement.EnumerateObject())
        {
            // "lastOpenTime.BTCUSDT" is the figure lastOpenTime of one symbol.
            var name = figure.Name.Split('.', 2);
            var (metric, type, unit, help) = Known.TryGetValue(name[0], out var known)
                ? known
                : ("radar_worker_" + Snake(name[0]), "gauge", 1, "From the worker's last heartbeat.");
            if (Number(figure.Value) is { } value)
            {
                yield return new WorkerMetric(metric, type, help, name.ElementAtOrDefault(1), value * unit);
            }
        }
    }

    private static double? Number(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number => value.GetDouble(),
        JsonValueKind.String when value.TryGetDateTimeOffset(out var time) => time.ToUnixTimeMilliseconds() * Millisecond,
        _ => null,
    };

    private static string Snake(string name) =>
        string.Concat(name.Select((letter, at) => char.IsAsciiLetterUpper(letter) ? (at > 0 ? "_" : "") + char.ToLowerInvariant(letter) : letter.ToString()));
}
