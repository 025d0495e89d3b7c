using Npgsql;
using Radar.Jobs.Fleet;
using Radar.Jobs.Runs;
using Radar.Market.Topics;

namespace Radar.Jobs.FleetWorkflows;

/// <summary>The workers that capture trades and order books: two producers, and as many sinks of each kind as were asked for.</summary>
public sealed class CaptureCrew(CaptureOptions options, NpgsqlDataSource database, IFleet fleet)
{
    /// <summary>Kinds whose number can be asked for.</summary>
    public static IReadOnlyList<string> Scalable { get; } = [WorkerKinds.TradesSink, WorkerKinds.DepthSink];

    /// <summary>Everybody who is to run; nobody where capture is switched off.</summary>
    public async Task<IReadOnlyList<WorkerSpec>> WantedAsync(CancellationToken cancellationToken)
    {
        if (!options.Enabled)
        {
            return [];
        }
        List<WorkerSpec> wanted = [Spec(WorkerId.WallexTrades, WorkerKinds.WallexTrades), Spec(WorkerId.WallexDepth, WorkerKinds.WallexDepth)];
        foreach (var kind in Scalable)
        {
            wanted.AddRange(Sinks(kind, await CountAsync(kind, cancellationToken).ConfigureAwait(false)));
        }
        return wanted;
    }

    /// <summary>
    /// Asks for so many sinks of a kind, now and at each later start of the fleet. Where the fleet does not run none is started: its next start does.
    /// </summary>
    /// <returns>What follows from it, in a sentence.</returns>
    /// <exception cref="ArgumentException">No such kind, or no such number.</exception>
    public async Task<string> ScaleAsync(string kind, int count, string by, CancellationToken cancellationToken)
    {
        if (!Scalable.Contains(kind))
        {
            throw new ArgumentException($"'{kind}' cannot be scaled: use {string.Join(" or ", Scalable)}.");
        }
        if (count is < 0 or > CaptureOptions.MostSinks)
        {
            throw new ArgumentException($"{count} sinks are not to be had: use a number from 0 to {CaptureOptions.MostSinks}.");
        }
        await using (var connection = await database.OpenConnectionAsync(cancellationToken).ConfigureAwait(false))
        {
            await connection.ExecuteAsync(
                """
                INSERT INTO radar.worker_counts (kind, count, asked_by) VALUES ($1, $2, $3)
                ON CONFLICT (kind) DO UPDATE SET count = excluded.count, asked_by = excluded.asked_by, asked_at = now()
                """,
                [kind, count, by], cancellationToken).ConfigureAwait(false);
        }
        var workers = await fleet.ListAsync(cancellationToken).ConfigureAwait(false);
        if (!options.Enabled || !workers.Any(w => IsOfCapture(w.Kind) && w.Desired == DesiredState.Start))
        {
            return options.Enabled
                ? $"{count} {kind} workers are noted; capture does not run, and the next start-fleet starts them."
                : $"{count} {kind} workers are noted, but capture is switched off: set Radar:Capture:Enabled=true (up --market-capture) and run start-fleet.";
        }
        var wanted = Sinks(kind, count).ToList();
        foreach (var spec in wanted)
        {
            await fleet.StartAsync(spec, by, cancellationToken).ConfigureAwait(false);
        }
        var surplus = workers.Where(w => w.Kind == kind && wanted.TrueForAll(s => s.Id != w.Id)).ToList();
        foreach (var worker in surplus)
        {
            await fleet.AskAsync(worker.Id, DesiredState.Delete, by, cancellationToken).ConfigureAwait(false);
        }
        return $"{count} {kind} workers are asked to run{(surplus.Count > 0 ? $", {surplus.Count} to delete" : "")}. {await SharesAsync(kind, count, cancellationToken).ConfigureAwait(false)}".TrimEnd();
    }

    /// <summary>How many partitions so many sinks share, in a sentence; empty where the broker does not tell.</summary>
    public async Task<string> SharesAsync(string kind, int count, CancellationToken cancellationToken)
    {
        var topic = kind == WorkerKinds.TradesSink ? options.TradesTopic : options.DepthsTopic;
        int? partitions;
        try
        {
            partitions = await TopicSetup.PartitionsAsync(options.BootstrapServers, topic, cancellationToken).ConfigureAwait(false);
        }
        catch (BrokerException)
        {
            return "";
        }
        return partitions switch
        {
            null => "",
            { } some when count > some => $"Topic {topic} has {some} partition(s): {count - some} of {count} {kind} workers stand by until one of the others is gone.",
            { } some => $"Topic {topic} has {some} partition(s).",
        };
    }

    /// <summary>How many sinks of a kind are to run.</summary>
    public async Task<int> CountAsync(string kind, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        var asked = await connection.QueryAsync(
            "SELECT count FROM radar.worker_counts WHERE kind = $1", [kind], r => r.GetInt32(0), cancellationToken).ConfigureAwait(false);
        return asked is [var count] ? count : kind == WorkerKinds.TradesSink ? options.TradesSinks : options.DepthSinks;
    }

    private static bool IsOfCapture(string kind) => Scalable.Contains(kind) || kind is WorkerKinds.WallexTrades or WorkerKinds.WallexDepth;

    private static IEnumerable<WorkerSpec> Sinks(string kind, int count) => Enumerable.Range(1, count).Select(number => Spec(WorkerId.Sink(kind, number), kind));

    private static WorkerSpec Spec(WorkerId id, string kind) => new(id, kind, new Dictionary<string, string>());
}
