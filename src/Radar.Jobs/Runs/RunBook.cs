using Npgsql;
using Radar.Jobs.Engine;
using Radar.Jobs.Workflows;

namespace Radar.Jobs.Runs;

/// <summary>Carries out what the planner decides, inside a caller's transaction. Whoever changes a task of a run locks the run first.</summary>
internal static class RunBook
{
    // "run" in ASCII, before the run's number.
    private const long Key = 0x72_75_6e_00_00_00_00_00;

    /// <summary>Locks a run and tells its state; null when there is none.</summary>
    public static async Task<(string Workflow, RunState State)?> LockAsync(
        NpgsqlConnection connection, long runId, CancellationToken cancellationToken)
    {
        await connection.ExecuteAsync($"SELECT pg_advisory_xact_lock({Key} | $1)", [runId], cancellationToken);
        var rows = await connection.QueryAsync(
            "SELECT workflow, state FROM radar.workflow_runs WHERE run_id = $1 FOR UPDATE",
            [runId], r => (r.GetString(0), r.State<RunState>(1)), cancellationToken);
        return rows.Count == 0 ? null : rows[0];
    }

    /// <summary>The statement of a lock that many hold at a time, and nobody while somebody has the run for himself; $1 is the run.</summary>
    public static string LockShared => $"SELECT pg_advisory_xact_lock_shared({Key} | $1)";

    /// <summary>Makes ready what may run, skips what never will, ends the run when all is done, and lets runs go that waited for it.</summary>
    public static async Task SettleAsync(RunUnit unit, long runId, CancellationToken cancellationToken)
    {
        if (await LockAsync(unit.Connection, runId, cancellationToken) is not var (workflow, state) || state.IsTerminal())
        {
            return;
        }

        var tasks = await unit.Connection.QueryAsync(
            """
            SELECT task_id, task, template, needs, runs_when, state, reason, queue, attempt, job_id, fans_out, chained
            FROM   radar.task_runs WHERE run_id = $1 ORDER BY ordinal, task_id
            """,
            [runId],
            r => new PlannedTask(
                r.GetInt64(0), r.GetString(1), r.GetString(2), r.GetFieldValue<string[]>(3), r.State<RunsWhen>(4), r.State<TaskState>(5), r.Text(6))
            {
                Queue = r.GetString(7), Attempt = r.GetInt32(8), JobId = r.Text(9), FansOut = r.GetBoolean(10), Chained = r.GetBoolean(11),
            },
            cancellationToken);
        var plan = RunPlanner.Decide(state, tasks);
        foreach (var (task, reason) in plan.Skipped)
        {
            await unit.Connection.ExecuteAsync(
                "UPDATE radar.task_runs SET state = 'skipped', reason = $2, ended_at = now() WHERE task_id = $1",
                [task.TaskId, reason], cancellationToken);
            if (task.JobId is { } job)
            {
                unit.Withdraw(job); // A continuation of a job that did not succeed would wait for ever.
            }
        }

        if (plan.Ready.Count > 0)
        {
            await unit.Connection.ExecuteAsync(
                "UPDATE radar.task_runs SET state = 'ready', ready_at = now() WHERE task_id = ANY($1)",
                [plan.Ready.Select(t => t.TaskId).ToArray()], cancellationToken);
            var chains = unit.Chains ? new Chains(tasks) : null;
            var follows = new List<long>();
            foreach (var task in plan.Ready.Where(t => !t.Chained))
            {
                unit.Put(Step(task));
            }

            if (follows.Count > 0)
            {
                // Promised with this commit, put right after it: whoever ends the parent in between must know.
                await unit.Connection.ExecuteAsync(
                    "UPDATE radar.task_runs SET chained = true WHERE task_id = ANY($1)", [follows.ToArray()], cancellationToken);
            }

            ChainedJob Step(PlannedTask task)
            {
                var next = chains?.After(task).ToList() ?? [];
                follows.AddRange(next.Select(t => t.TaskId));
                return new(Job(workflow, runId, task.TaskId, task.Task, task.Queue, task.Attempt), next.Select(Step).ToList());
            }
        }

        if (plan.End is { } end)
        {
            await EndAsync(unit, runId, end, plan.Reason, cancellationToken);
        }
    }

    /// <summary>Cancels a run inside the caller's transaction.</summary>
    /// <returns>False when it has ended, or does not exist.</returns>
    public static async Task<bool> CancelAsync(RunUnit unit, long runId, string reason, CancellationToken cancellationToken)
    {
        if (await LockAsync(unit.Connection, runId, cancellationToken) is not var (_, state) || state.IsTerminal())
        {
            return false;
        }

        if (state == RunState.Cancelling)
        {
            return true;
        }

        var jobs = await unit.Connection.QueryAsync(
            """
            UPDATE radar.task_runs SET state = 'cancelled', reason = $2, ended_at = now()
            WHERE  run_id = $1 AND state IN ('pending', 'ready', 'retrying')
            RETURNING job_id
            """,
            [runId, reason], r => r.Text(0), cancellationToken);
        foreach (var job in jobs.OfType<string>())
        {
            unit.Withdraw(job);
        }

        await unit.Connection.ExecuteAsync(
            "UPDATE radar.workflow_runs SET state = 'cancelling', reason = $2 WHERE run_id = $1", [runId, reason], cancellationToken);
        await SettleAsync(unit, runId, cancellationToken);
        return true;
    }

    /// <summary>Lets a waiting run go when none of those it waits for is active any more.</summary>
    public static async Task ReleaseAsync(RunUnit unit, long runId, CancellationToken cancellationToken)
    {
        await LockAsync(unit.Connection, runId, cancellationToken);
        var released = await unit.Connection.ExecuteAsync(
            """
            UPDATE radar.workflow_runs w SET state = 'running', started_at = now(), reason = NULL
            WHERE  w.run_id = $1 AND w.state = 'waiting'
              AND  NOT EXISTS (SELECT 1 FROM radar.workflow_runs o
                               WHERE o.run_id = ANY(w.waits_for) AND o.state IN ('waiting', 'running', 'cancelling'))
            """,
            [runId], cancellationToken);
        if (released > 0)
        {
            await SettleAsync(unit, runId, cancellationToken);
        }
    }

    /// <summary>Takes back what was to follow a task's old job: what follows the new one is put when it has ended.</summary>
    public static async Task UnchainAsync(RunUnit unit, long runId, string task, CancellationToken cancellationToken)
    {
        if (!unit.Chains)
        {
            return;
        }

        var jobs = await unit.Connection.QueryAsync(
            """
            WITH RECURSIVE follower AS (
              SELECT task_id, task, job_id FROM radar.task_runs WHERE run_id = $1 AND state = 'pending' AND chained AND needs = ARRAY[$2]
              UNION SELECT t.task_id, t.task, t.job_id FROM radar.task_runs t JOIN follower f ON t.needs = ARRAY[f.task]
              WHERE t.run_id = $1 AND t.state = 'pending' AND t.chained)
            UPDATE radar.task_runs t SET job_id = NULL, chained = false, enqueued_at = NULL, enqueues = 0 FROM follower f WHERE t.task_id = f.task_id RETURNING f.job_id
            """,
            [runId, task], r => r.Text(0), cancellationToken);
        jobs.OfType<string>().ToList().ForEach(unit.Withdraw);
    }

    public static EngineJob Job(string workflow, long runId, long taskId, string task, string queue, int attempt) =>
        new($"{taskId}.{attempt + 1}", new(runId, taskId), queue, $"{workflow} / {task} (run {runId})");

    private static async Task EndAsync(RunUnit unit, long runId, RunState end, string? reason, CancellationToken cancellationToken)
    {
        await unit.Connection.ExecuteAsync(
            "UPDATE radar.workflow_runs SET state = $2, reason = coalesce($3::text, reason), ended_at = now() WHERE run_id = $1",
            [runId, end.Word(), reason], cancellationToken);
        var waiting = await unit.Connection.QueryAsync(
            "SELECT run_id FROM radar.workflow_runs WHERE state = 'waiting' AND $1 = ANY(waits_for) ORDER BY run_id",
            [runId], r => r.GetInt64(0), cancellationToken);
        foreach (var next in waiting)
        {
            await ReleaseAsync(unit, next, cancellationToken);
        }
    }
}
