using Npgsql;
using NpgsqlTypes;
using Radar.Market;

namespace Radar.Jobs.Fleet;

/// <summary>What a heartbeat found.</summary>
public enum Beat
{
    /// <summary>The lease is renewed.</summary>
    Renewed,

    /// <summary>The lease belongs to a newer epoch, or the worker is another process's now: stop writing, end.</summary>
    Lost,

    /// <summary>The lease is renewed, but the worker is not known any more: end as if deleted.</summary>
    Forgotten,
}

/// <summary>What a worker's process says of itself. Every statement is a compare-and-set on the epoch, so that a late process says nothing.</summary>
public sealed class WorkerReports(NpgsqlDataSource source)
{
    private const int Patience = 5;

    /// <summary>Enters a process that has taken the lease as the worker's newest.</summary>
    /// <returns>False when the worker is not known, is deleted or has failed: the process has nothing to do.</returns>
    public async Task<bool> BeginAsync(Fence fence, ProcessIdentity process, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("""
            WITH begun AS (
              UPDATE radar.workers SET epoch = $2, pid = $3, process_start = $4, boot_id = $5, actual = 'starting', actual_at = clock_timestamp(),
                heartbeat_at = clock_timestamp(), activity = 'connecting', figures = '{}'
              WHERE worker_id = $1 AND (epoch < $2 OR (epoch = $2 AND pid = $3)) AND actual = ANY($6)
              RETURNING worker_id, epoch
            ), event AS (
              INSERT INTO radar.worker_events (worker_id, epoch, event, message)
              SELECT worker_id, epoch, 'starting', 'process ' || $3 || ' took the lease' FROM begun
            )
            SELECT 1 FROM begun
            """);
        command.CommandTimeout = Patience;
        command.Parameters.Add(new() { Value = fence.Lease });
        command.Parameters.Add(new() { Value = fence.Epoch });
        command.Parameters.Add(new() { Value = process.Pid });
        command.Parameters.Add(new() { Value = process.Start });
        command.Parameters.Add(new() { Value = process.Machine });
        command.Parameters.Add(new() { Value = WorkerTransitions.Before(WorkerState.Starting) });
        return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is not null;
    }

    /// <summary>
    /// Reports a state. Reporting what is true already changes nothing and counts as done. A process that says <c>deleted</c> is still there for a
    /// moment: it stays in the row until its agent sees that it is gone.
    /// </summary>
    /// <param name="fence">The worker and its epoch.</param>
    /// <param name="state">What is true now.</param>
    /// <param name="message">Why, for the worker's events.</param>
    /// <param name="error">Why it ended or cannot go on; null clears an earlier one, except in <c>deleted</c> and <c>wait</c>, which keep it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>False when the epoch is no longer the newest, or the state cannot follow the one that is true.</returns>
    public async Task<bool> ReportAsync(Fence fence, WorkerState state, string message, string? error, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("""
            WITH reported AS (
              UPDATE radar.workers SET actual = $3, actual_at = clock_timestamp(), error = $5,
                pid = CASE WHEN $6 OR ($3 = 'deleted' AND agent IS NOT NULL) THEN pid END,
                process_start = CASE WHEN $6 OR ($3 = 'deleted' AND agent IS NOT NULL) THEN process_start END,
                boot_id = CASE WHEN $6 OR ($3 = 'deleted' AND agent IS NOT NULL) THEN boot_id END,
                activity = CASE WHEN $6 THEN activity END
              WHERE worker_id = $1 AND epoch = $2 AND actual = ANY($7)
              RETURNING worker_id, epoch
            ), event AS (
              INSERT INTO radar.worker_events (worker_id, epoch, event, message)
              SELECT worker_id, epoch, $3, $4 FROM reported
            )
            SELECT 1 FROM reported UNION ALL SELECT 1 FROM radar.workers WHERE worker_id = $1 AND epoch = $2 AND actual = $3
            """);
        command.CommandTimeout = Patience;
        command.Parameters.Add(new() { Value = fence.Lease });
        command.Parameters.Add(new() { Value = fence.Epoch });
        command.Parameters.Add(new() { Value = state.Word() });
        command.Parameters.Add(new() { Value = message });
        command.Parameters.Add(new() { Value = (object?)error ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.Add(new() { Value = state is not (WorkerState.Deleted or WorkerState.Wait) });
        command.Parameters.Add(new() { Value = WorkerTransitions.Before(state).Where(s => s != state.Word()).ToArray() });
        return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is not null;
    }

    /// <summary>Renews the lease and, in the same statement, says what the worker is doing.</summary>
    /// <param name="fence">The worker and its epoch.</param>
    /// <param name="process">The process that beats: one whose worker an agent has given up in favour of another renews nothing.</param>
    /// <param name="lasts">For how long.</param>
    /// <param name="figures">JSON.</param>
    /// <param name="activity">A phrase; null: nothing worth saying.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<Beat> BeatAsync(
        Fence fence, ProcessIdentity process, TimeSpan lasts, string figures, string? activity, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("""
            WITH other AS (
              SELECT FROM radar.workers
              WHERE worker_id = $1 AND epoch = $2 AND (pid, process_start, boot_id) IS DISTINCT FROM ($6::int, $7::bigint, $8::text)
            ), renewed AS (
              UPDATE radar.leases SET until = clock_timestamp() + $3 WHERE name = $1 AND epoch = $2 AND NOT EXISTS (SELECT FROM other) RETURNING 1
            ), beaten AS (
              UPDATE radar.workers SET heartbeat_at = clock_timestamp(), figures = $4, activity = $5
              WHERE worker_id = $1 AND epoch = $2 AND EXISTS (SELECT FROM renewed)
              RETURNING 1
            )
            SELECT (SELECT count(*) FROM renewed), (SELECT count(*) FROM beaten)
            """);
        command.CommandTimeout = Patience;
        command.Parameters.Add(new() { Value = fence.Lease });
        command.Parameters.Add(new() { Value = fence.Epoch });
        command.Parameters.Add(new() { Value = lasts });
        command.Parameters.Add(new() { Value = figures, NpgsqlDbType = NpgsqlDbType.Jsonb });
        command.Parameters.Add(new() { Value = (object?)activity ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.Add(new() { Value = process.Pid });
        command.Parameters.Add(new() { Value = process.Start });
        command.Parameters.Add(new() { Value = process.Machine });
        await using var row = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await row.ReadAsync(cancellationToken).ConfigureAwait(false);
        return row.GetInt64(0) == 0 ? Beat.Lost : row.GetInt64(1) == 0 ? Beat.Forgotten : Beat.Renewed;
    }

    /// <summary>Says why the process is about to end without having been asked.</summary>
    public async Task ErrorAsync(Fence fence, string error, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("""
            WITH said AS (UPDATE radar.workers SET error = $3 WHERE worker_id = $1 AND epoch = $2 RETURNING worker_id, epoch)
            INSERT INTO radar.worker_events (worker_id, epoch, event, message) SELECT worker_id, epoch, 'error', $3 FROM said
            """);
        command.CommandTimeout = Patience;
        command.Parameters.Add(new() { Value = fence.Lease });
        command.Parameters.Add(new() { Value = fence.Epoch });
        command.Parameters.Add(new() { Value = error });
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Adds to the worker's events something that is no change of state.</summary>
    /// <exception cref="FencedException">A newer epoch holds the lease; nothing was said.</exception>
    public async Task TellAsync(Fence fence, string happened, string message, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("""
            WITH held AS (SELECT FROM radar.leases WHERE name = $1 AND epoch = $2 FOR KEY SHARE)
            INSERT INTO radar.worker_events (worker_id, epoch, event, message) SELECT $1, $2, $3, $4 FROM held
            """);
        command.CommandTimeout = Patience;
        command.Parameters.Add(new() { Value = fence.Lease });
        command.Parameters.Add(new() { Value = fence.Epoch });
        command.Parameters.Add(new() { Value = happened });
        command.Parameters.Add(new() { Value = message });
        if (await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false) == 0)
        {
            throw new FencedException(fence);
        }
    }

    /// <summary>What is asked of a worker; null when it is not known.</summary>
    public async Task<DesiredState?> DesiredAsync(WorkerId id, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("SELECT desired FROM radar.workers WHERE worker_id = $1");
        command.CommandTimeout = Patience;
        command.Parameters.Add(new() { Value = id.Value });
        return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is string word ? WorkerStates.ParseDesired(word) : null;
    }
}
