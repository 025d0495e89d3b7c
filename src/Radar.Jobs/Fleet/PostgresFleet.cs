using System.Text.Json;
using Npgsql;
using NpgsqlTypes;

namespace Radar.Jobs.Fleet;

/// <summary>The fleet in <c>radar.workers</c>.</summary>
internal sealed class PostgresFleet(NpgsqlDataSource source, FleetListener listener, TimeProvider time) : IFleet
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    public Task<IReadOnlyList<WorkerSnapshot>> ListAsync(CancellationToken cancellationToken) => WorkerRows.ReadAsync(source, cancellationToken);

    public async Task<WorkerSnapshot?> FindAsync(WorkerId id, CancellationToken cancellationToken) =>
        await WorkerRows.FindAsync(source, id, cancellationToken).ConfigureAwait(false);

    public async Task StartAsync(WorkerSpec spec, string by, CancellationToken cancellationToken)
    {
        await using (var command = source.CreateCommand("""
            INSERT INTO radar.workers (worker_id, kind, settings, desired, desired_by) VALUES ($1, $2, $3, 'start', $4)
            ON CONFLICT (worker_id) DO UPDATE SET kind = excluded.kind, settings = excluded.settings
            """))
        {
            command.Parameters.Add(new() { Value = spec.Id.Value });
            command.Parameters.Add(new() { Value = spec.Kind });
            command.Parameters.Add(new() { Value = JsonSerializer.Serialize(spec.Settings), NpgsqlDbType = NpgsqlDbType.Jsonb });
            command.Parameters.Add(new() { Value = by });
            await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }
        await AskAsync(spec.Id, DesiredState.Start, by, cancellationToken).ConfigureAwait(false);
    }

    public async Task<bool> AskAsync(WorkerId id, DesiredState desired, string by, CancellationToken cancellationToken)
    {
        // One statement: what is asked, what follows at once where there is no process (deleted and failed begin again), and the events.
        // Asking for what is asked already changes nothing, unless it is to bring back a failed or deleted worker.
        await using var command = source.CreateCommand("""
            WITH before AS (
              SELECT worker_id, desired, actual, epoch, ($2 <> 'delete' AND actual IN ('failed', 'deleted')) AS again
              FROM radar.workers WHERE worker_id = $1 FOR UPDATE
            ), changed AS (
              UPDATE radar.workers w SET
                desired = $2, desired_by = $3, desired_at = clock_timestamp(),
                actual = CASE WHEN b.again THEN 'wait' ELSE w.actual END,
                actual_at = CASE WHEN b.again THEN clock_timestamp() ELSE w.actual_at END,
                restarts = CASE WHEN b.again THEN 0 ELSE w.restarts END,
                next_start_at = CASE WHEN b.again THEN NULL ELSE w.next_start_at END,
                activity = CASE WHEN b.again THEN NULL ELSE w.activity END,
                error = CASE WHEN b.again THEN NULL ELSE w.error END
              FROM before b
              WHERE w.worker_id = b.worker_id AND (b.desired <> $2 OR b.again)
              RETURNING w.worker_id, w.epoch, b.actual AS was, b.again
            ), events AS (
              INSERT INTO radar.worker_events (worker_id, epoch, event, message)
              SELECT worker_id, epoch, 'desired', $2 || ' asked by ' || $3 FROM changed
              UNION ALL
              SELECT worker_id, epoch, 'wait', 'begins again: was ' || was FROM changed WHERE again
              RETURNING 1
            )
            SELECT 1 FROM before
            """);
        command.Parameters.Add(new() { Value = id.Value });
        command.Parameters.Add(new() { Value = desired.Word() });
        command.Parameters.Add(new() { Value = by });
        return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is not null;
    }

    public async Task WaitAsync(
        Func<IReadOnlyList<WorkerSnapshot>, bool> condition,
        Func<IReadOnlyList<WorkerSnapshot>, string> describe,
        TimeSpan deadline,
        CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            var change = listener.NextChange;
            var workers = await ListAsync(cancellationToken).ConfigureAwait(false);
            if (condition(workers))
            {
                return;
            }
            var left = deadline - time.GetElapsedTime(began);
            if (left <= TimeSpan.Zero)
            {
                throw new TimeoutException($"Waited {deadline.TotalSeconds:0} s for the fleet in vain: {describe(workers)}");
            }
            await listener.WaitAsync(change, left < Poll ? left : Poll, cancellationToken).ConfigureAwait(false);
        }
    }

    public async Task<int> CleanAsync(CancellationToken cancellationToken)
    {
        var gone = (await ListAsync(cancellationToken).ConfigureAwait(false)).Where(worker => worker.IsGone).ToList();
        await using var command = source.CreateCommand("""
            DELETE FROM radar.workers w USING unnest($1, $2) AS gone (worker_id, epoch)
            WHERE w.worker_id = gone.worker_id AND w.epoch = gone.epoch AND w.actual = 'deleted' AND w.desired = 'delete'
            """);
        command.Parameters.Add(new() { Value = gone.ConvertAll(worker => worker.Id.Value) });
        command.Parameters.Add(new() { Value = gone.ConvertAll(worker => worker.Epoch) });
        return await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }
}
