using Npgsql;
using NpgsqlTypes;
using Radar.Market;

namespace Radar.Jobs.Fleet;

/// <summary>What an agent reads and writes: itself, and the workers it owns. Every change of a worker is a compare-and-set on owner, epoch and state.</summary>
internal sealed class AgentTable(NpgsqlDataSource source, string agent)
{
    private const int Patience = 5;

    /// <summary>Name of the agent's lease.</summary>
    public string LeaseName { get; } = "agent/" + agent;

    /// <summary>Renews the agent's lease and its row. False: a newer process is this agent now.</summary>
    public async Task<bool> BeatAsync(Fence fence, int pid, TimeSpan lasts, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("""
            WITH renewed AS (
              UPDATE radar.leases SET until = clock_timestamp() + $3 WHERE name = $1 AND epoch = $2 RETURNING until
            )
            INSERT INTO radar.agents (name, pid, until) SELECT $4, $5, until FROM renewed
            ON CONFLICT (name) DO UPDATE SET
              started_at = CASE WHEN radar.agents.pid = excluded.pid THEN radar.agents.started_at ELSE now() END,
              pid = excluded.pid, heartbeat_at = clock_timestamp(), until = excluded.until
            RETURNING 1
            """);
        command.CommandTimeout = Patience;
        command.Parameters.Add(new() { Value = fence.Lease });
        command.Parameters.Add(new() { Value = fence.Epoch });
        command.Parameters.Add(new() { Value = lasts });
        command.Parameters.Add(new() { Value = agent });
        command.Parameters.Add(new() { Value = pid });
        return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is not null;
    }

    /// <summary>Ends the agent's own time.</summary>
    public async Task LeaveAsync(Fence fence, CancellationToken cancellationToken)
    {
        await new LeaseTable(source).ReleaseAsync(fence, cancellationToken).ConfigureAwait(false);
        await using var command = source.CreateCommand("UPDATE radar.agents SET until = clock_timestamp() WHERE name = $1");
        command.Parameters.Add(new() { Value = agent });
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Takes over workers that nobody owns, or whose agent's lease has ended; but none whose own lease is live: its process still works somewhere,
    /// and hears what is asked by itself.
    /// </summary>
    /// <param name="alsoOthers">
    /// Whether ended leases count, that is, whether PostgreSQL was there for as long as they last. After an outage all have ended, also of agents and workers
    /// that live and are about to renew theirs. Without it only what no agent and no process ever had is taken.
    /// </param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<int> ClaimAsync(bool alsoOthers, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("""
            WITH free AS (
              SELECT worker_id, agent, actual FROM radar.workers w
              WHERE agent IS DISTINCT FROM $1 AND NOT (actual = 'deleted' AND desired = 'delete' AND pid IS NULL)
                AND ($3 OR (agent IS NULL AND pid IS NULL))
                AND NOT EXISTS (SELECT FROM radar.leases l WHERE l.name = 'agent/' || w.agent AND l.until > clock_timestamp())
                AND NOT EXISTS (SELECT FROM radar.leases l WHERE l.name = w.worker_id AND l.until > clock_timestamp())
              FOR UPDATE SKIP LOCKED
            ), claimed AS (
              UPDATE radar.workers w SET agent = $1, pid = NULL, process_start = NULL, boot_id = NULL,
                actual = CASE WHEN f.actual = ANY($2) THEN 'wait' ELSE f.actual END,
                actual_at = CASE WHEN f.actual = ANY($2) THEN clock_timestamp() ELSE w.actual_at END
              FROM free f WHERE w.worker_id = f.worker_id
              RETURNING w.worker_id, w.epoch, w.actual, f.agent AS before
            )
            INSERT INTO radar.worker_events (worker_id, epoch, event, message)
            SELECT worker_id, epoch, actual, 'agent ' || $1 || ' took it over' || coalesce(' from agent ' || before || ', whose lease ended', '') FROM claimed
            """);
        command.CommandTimeout = Patience;
        command.Parameters.Add(new() { Value = agent });
        command.Parameters.Add(new() { Value = Enum.GetValues<WorkerState>().Where(s => s.HasProcess()).Select(s => s.Word()).ToArray() });
        command.Parameters.Add(new() { Value = alsoOthers });
        return await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>PostgreSQL's clock, by which delays are counted.</summary>
    public async Task<DateTimeOffset> NowAsync(CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("SELECT clock_timestamp()");
        command.CommandTimeout = Patience;
        return new DateTimeOffset((DateTime)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!, TimeSpan.Zero);
    }

    /// <summary>The workers this agent owns.</summary>
    public async Task<IReadOnlyList<WorkerSnapshot>> OwnAsync(CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand($"SELECT {WorkerRows.Columns} FROM radar.workers WHERE agent = $1 ORDER BY worker_id");
        command.CommandTimeout = Patience;
        command.Parameters.Add(new() { Value = agent });
        return await WorkerRows.ReadAsync(command, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Notes the process that was just launched, unless that process has already entered itself.</summary>
    public async Task LaunchedAsync(WorkerSnapshot worker, ProcessIdentity process, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("""
            UPDATE radar.workers SET pid = $4, process_start = $5, boot_id = $6
            WHERE worker_id = $1 AND agent = $2 AND epoch = $3 AND actual = 'starting' AND pid IS NULL
            """);
        command.CommandTimeout = Patience;
        command.Parameters.Add(new() { Value = worker.Id.Value });
        command.Parameters.Add(new() { Value = agent });
        command.Parameters.Add(new() { Value = worker.Epoch });
        command.Parameters.Add(new() { Value = process.Pid });
        command.Parameters.Add(new() { Value = process.Start });
        command.Parameters.Add(new() { Value = process.Machine });
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Notes that the process of a deleted worker is gone, if it still is the one that was <paramref name="seen"/>, and tells whoever waits for that.</summary>
    public async Task GoneAsync(WorkerSnapshot seen, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("""
            WITH gone AS (
              UPDATE radar.workers SET pid = NULL, process_start = NULL, boot_id = NULL
              WHERE worker_id = $1 AND agent = $2 AND epoch = $3 AND actual = 'deleted' AND pid = $4
              RETURNING worker_id
            )
            SELECT pg_notify('radar_fleet', worker_id) FROM gone
            """);
        command.CommandTimeout = Patience;
        command.Parameters.Add(new() { Value = seen.Id.Value });
        command.Parameters.Add(new() { Value = agent });
        command.Parameters.Add(new() { Value = seen.Epoch });
        command.Parameters.Add(new() { Value = seen.Pid!.Value });
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Moves a worker without a process to another state, if it still is as <paramref name="seen"/>.</summary>
    /// <param name="seen">The worker as it was read.</param>
    /// <param name="to">The state that follows.</param>
    /// <param name="message">Why, for its events.</param>
    /// <param name="restarts">Restarts in a row from now on.</param>
    /// <param name="delay">How long the next process waits; null: not at all.</param>
    /// <param name="error">Why it ended; null clears it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<bool> MoveAsync(
        WorkerSnapshot seen, WorkerState to, string message, int restarts, TimeSpan? delay, string? error, CancellationToken cancellationToken)
    {
        if (!WorkerTransitions.Allows(seen.Actual, to))
        {
            throw new InvalidOperationException($"Worker {seen.Id} cannot go from {seen.Actual.Word()} to {to.Word()}.");
        }
        await using var command = source.CreateCommand("""
            WITH moved AS (
              UPDATE radar.workers SET actual = $4, actual_at = clock_timestamp(), pid = NULL, process_start = NULL, boot_id = NULL,
                restarts = $6, next_start_at = clock_timestamp() + $7, error = $8, activity = NULL, heartbeat_at = NULL
              WHERE worker_id = $1 AND agent = $2 AND epoch = $3 AND actual = $9 AND pid IS NOT DISTINCT FROM $10
                AND ($4 <> 'starting' OR desired <> 'delete')
              RETURNING worker_id, epoch
            ), event AS (
              INSERT INTO radar.worker_events (worker_id, epoch, event, message) SELECT worker_id, epoch, $4, $5 FROM moved
            )
            SELECT 1 FROM moved
            """);
        command.CommandTimeout = Patience;
        command.Parameters.Add(new() { Value = seen.Id.Value });
        command.Parameters.Add(new() { Value = agent });
        command.Parameters.Add(new() { Value = seen.Epoch });
        command.Parameters.Add(new() { Value = to.Word() });
        command.Parameters.Add(new() { Value = message });
        command.Parameters.Add(new() { Value = restarts });
        command.Parameters.Add(new() { Value = (object?)delay ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Interval });
        command.Parameters.Add(new() { Value = (object?)error ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.Add(new() { Value = seen.Actual.Word() });
        command.Parameters.Add(new() { Value = (object?)seen.Pid ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Integer });
        return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is not null;
    }
}
