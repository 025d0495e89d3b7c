using Microsoft.Extensions.Logging;
using Npgsql;
using Radar.Jobs.Engine;
using Radar.Jobs.Hosting;

namespace Radar.Jobs.Runs;

/// <summary>
/// Puts right what a crash left: ready tasks nobody claimed, leases nobody renews, waiting runs nobody released. Every node sweeps; a
/// lock lets one do it at a time.
/// </summary>
internal sealed partial class Sweeper(
    NpgsqlDataSource database, IJobEngine engine, JobsOptions options, TimeProvider time, ILogger<Sweeper> logger)
{
    // "radar" and "swp" in ASCII.
    private const long LockKey = 0x72_61_64_61_72_73_77_70;

    private long _prunedAt;
    private long _awayAt;

    /// <summary>Sweeps until the token ends.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(options.Poll, time);
        try
        {
            do
            {
                await TrySweepAsync(cancellationToken);
            }
            while (await timer.WaitForNextTickAsync(cancellationToken));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    private async Task TrySweepAsync(CancellationToken cancellationToken)
    {
        try
        {
            await SweepAsync(cancellationToken);
        }
#pragma warning disable CA1031 // One bad sweep must not be the last.
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            if (error.IsDatabaseAway())
            {
                _awayAt = time.GetTimestamp();
            }
            else
            {
                LogFailed(error);
            }
        }
    }

    internal async Task SweepAsync(CancellationToken cancellationToken)
    {
        await using var guard = await database.OpenConnectionAsync(cancellationToken);
        await using var locked = await guard.BeginTransactionAsync(cancellationToken);
        if (!(await guard.QueryAsync($"SELECT pg_try_advisory_xact_lock({LockKey})", [], r => r.GetBoolean(0), cancellationToken))[0])
        {
            return;
        }

        // While PostgreSQL was away no node could renew a lease: each has the time of one to do so before it counts as lost.
        if (_awayAt == 0 || time.GetElapsedTime(_awayAt) >= options.Lease)
        {
            foreach (var (runId, taskId) in await guard.QueryAsync(
                "SELECT run_id, task_id FROM radar.task_runs WHERE state = 'running' AND lease_until < now() ORDER BY task_id LIMIT 200",
                [], r => (r.GetInt64(0), r.GetInt64(1)), cancellationToken))
            {
                await TakeOverAsync(runId, taskId, cancellationToken);
            }
        }

        // Ready and never put is owed at once, except where putting follows the commit, as that of very many does, and may be under way: those that became ready together are put one
        // after the other, and as long as some of them were put a moment ago the others have their turn. What was put is put again when others that were
        // put well after it have begun, or nothing of its queue begins: behind a long queue it just waits. How far a queue has come only those tell that were put once:
        // of others it may be an earlier job that began. Should it be in vain, patience doubles each time, up to a minute.
        foreach (var (runId, taskId) in await guard.QueryAsync(
            """
            WITH moving AS MATERIALIZED (
              SELECT t.queue, max(t.enqueued_at) FILTER (WHERE t.enqueues = 1) AS reached FROM radar.task_attempts a JOIN radar.task_runs t USING (task_id)
              WHERE a.started_at > now() - $1::interval AND t.enqueued_at IS NOT NULL GROUP BY t.queue),
            never_put AS MATERIALIZED (
              SELECT DISTINCT run_id, ready_at FROM radar.task_runs WHERE state = 'ready' AND enqueued_at IS NULL AND ready_at < now() - $2::interval),
            at_work AS MATERIALIZED (
              SELECT run_id, ready_at FROM radar.task_runs JOIN never_put USING (run_id, ready_at)
              GROUP BY run_id, ready_at HAVING greatest(max(enqueued_at), CASE WHEN count(*) > $3 THEN ready_at END) > now() - $1)
            SELECT t.run_id, t.task_id FROM radar.task_runs t JOIN radar.workflow_runs r USING (run_id)
            LEFT JOIN moving ON moving.queue = t.queue
            WHERE  r.state = 'running'
              AND  ((t.state = 'ready' AND t.enqueued_at IS NULL AND t.ready_at < now() - $2::interval
                     AND NOT EXISTS (SELECT 1 FROM at_work w WHERE w.run_id = t.run_id AND w.ready_at = t.ready_at))
                OR  (t.state = 'ready' AND t.enqueued_at IS NOT NULL
                     AND (moving.queue IS NULL OR t.enqueued_at < moving.reached - $1)
                     AND greatest(t.enqueued_at, t.ready_at) < now() - least($1 * power(2, greatest(t.enqueues - 1, 0)), interval '1 minute'))
                OR  (t.state = 'retrying'
                     AND greatest(t.enqueued_at, t.not_before) < now() - least($1 * power(2, greatest(t.enqueues - t.attempt, 0)), interval '1 minute')))
            ORDER BY t.task_id LIMIT 200
            """,
            [options.Unclaimed, engine.Traits.Enlists ? TimeSpan.FromSeconds(1) : options.Unclaimed, RunUnit.Chunk],
            r => (r.GetInt64(0), r.GetInt64(1)), cancellationToken))
        {
            await PutAgainAsync(runId, taskId, cancellationToken);
        }

        foreach (var runId in await guard.QueryAsync(
            """
            SELECT w.run_id FROM radar.workflow_runs w
            WHERE  w.state = 'waiting' AND NOT EXISTS (
                     SELECT 1 FROM radar.workflow_runs o WHERE o.run_id = ANY(w.waits_for) AND o.state IN ('waiting', 'running', 'cancelling'))
            """,
            [], r => r.GetInt64(0), cancellationToken))
        {
            await using var unit = await RunUnit.BeginAsync(database, engine, cancellationToken);
            await RunBook.ReleaseAsync(unit, runId, cancellationToken);
            await unit.CommitAsync(cancellationToken);
        }

        await PruneAsync(guard, cancellationToken);
        await locked.CommitAsync(cancellationToken);
    }

    private async Task TakeOverAsync(long runId, long taskId, CancellationToken cancellationToken)
    {
        await using var unit = await RunUnit.BeginAsync(database, engine, cancellationToken);
        if (await RunBook.LockAsync(unit.Connection, runId, cancellationToken) is not var (workflow, state))
        {
            return;
        }

        var taken = await unit.Connection.QueryAsync(
            """
            WITH old AS (SELECT task_id, node, token FROM radar.task_runs WHERE task_id = $1 FOR UPDATE)
            UPDATE radar.task_runs t
            SET    lost = lost + 1, token = NULL, lease_until = NULL, ready_at = now(), enqueued_at = NULL,
                   state = CASE WHEN $2 THEN 'cancelled' WHEN lost + 1 >= $3 THEN 'failed' ELSE 'ready' END,
                   reason = 'node ' || coalesce(t.node, '?') || ' was lost' || CASE WHEN lost + 1 >= $3 THEN ', the ' || $3 || '. time for this task' ELSE '' END,
                   ended_at = CASE WHEN $2 OR lost + 1 >= $3 THEN now() END
            FROM   old
            WHERE  t.task_id = old.task_id AND t.state = 'running' AND t.lease_until < now()
            RETURNING t.state, t.task, t.queue, t.attempt, old.node, t.lost
            """,
            [taskId, state == RunState.Cancelling, options.LostNodes],
            r => (State: r.GetString(0), Task: r.GetString(1), Queue: r.GetString(2), Attempt: r.GetInt32(3), Node: r.Text(4), Lost: r.GetInt32(5)),
            cancellationToken);
        if (taken.Count == 0)
        {
            return;
        }

        var task = taken[0];
        await unit.Connection.ExecuteAsync(
            "UPDATE radar.task_attempts SET ended_at = now(), outcome = 'lost', error = 'its node was lost' WHERE task_id = $1 AND attempt = $2",
            [taskId, task.Attempt], cancellationToken);
        LogTakenOver(workflow, runId, task.Task, task.Node ?? "?", task.Lost, task.State);
        if (task.State == "ready")
        {
            await RunBook.UnchainAsync(unit, runId, task.Task, cancellationToken);
            unit.Put(RunBook.Job(workflow, runId, taskId, task.Task, task.Queue, task.Attempt));
        }

        await RunBook.SettleAsync(unit, runId, cancellationToken);
        await unit.CommitAsync(cancellationToken);
    }

    private async Task PutAgainAsync(long runId, long taskId, CancellationToken cancellationToken)
    {
        await using var unit = await RunUnit.BeginAsync(database, engine, cancellationToken);
        if (await RunBook.LockAsync(unit.Connection, runId, cancellationToken) is not var (workflow, _))
        {
            return;
        }

        var task = await unit.Connection.QueryAsync(
            "SELECT task, queue, attempt, enqueues FROM radar.task_runs WHERE task_id = $1 AND state IN ('ready', 'retrying')",
            [taskId], r => (Task: r.GetString(0), Queue: r.GetString(1), Attempt: r.GetInt32(2), Enqueues: r.GetInt32(3)), cancellationToken);
        if (task.Count > 0)
        {
            await RunBook.UnchainAsync(unit, runId, task[0].Task, cancellationToken);
            unit.Put(RunBook.Job(workflow, runId, taskId, task[0].Task, task[0].Queue, task[0].Attempt));
            LogPutAgain(workflow, runId, task[0].Task, task[0].Enqueues);
            await unit.CommitAsync(cancellationToken);
        }
    }

    private async Task PruneAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (_prunedAt != 0 && time.GetElapsedTime(_prunedAt) < TimeSpan.FromHours(1))
        {
            return;
        }

        _prunedAt = time.GetTimestamp();
        await connection.ExecuteAsync(
            """
            DELETE FROM radar.workflow_runs
            WHERE run_id IN (SELECT run_id FROM radar.workflow_runs WHERE ended_at < now() - $1 ORDER BY run_id LIMIT 1000)
            """,
            [options.KeepRuns], cancellationToken);
        await connection.ExecuteAsync("DELETE FROM radar.nodes WHERE until < now() - interval '1 day'", [], cancellationToken);
    }

    [LoggerMessage(LogLevel.Warning, "{Workflow} run {Run} task {Task}: node {Node} was lost ({Lost}); the task is {State}")]
    private partial void LogTakenOver(string workflow, long run, string task, string node, int lost, string state);

    [LoggerMessage(LogLevel.Information, "{Workflow} run {Run} task {Task} lay unclaimed; put into the engine again (put {Enqueues} time(s) before)")]
    private partial void LogPutAgain(string workflow, long run, string task, int enqueues);

    [LoggerMessage(LogLevel.Error, "A sweep failed; the next one is in a moment")]
    private partial void LogFailed(Exception error);
}
