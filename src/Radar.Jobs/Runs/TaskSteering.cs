using Microsoft.Extensions.Logging;
using Npgsql;
using Radar.Jobs.Engine;
using Radar.Jobs.Workflows;

namespace Radar.Jobs.Runs;

/// <summary>Cancels and repeats single tasks, as people ask for it in the engine's own pages.</summary>
internal sealed partial class TaskSteering(
    NpgsqlDataSource database, IJobEngine engine, WorkflowCatalog catalog, ILogger<TaskSteering> logger) : IEngineSteering
{
    public async Task DeletedAsync(TaskPayload payload, string jobId, CancellationToken cancellationToken)
    {
        await using var unit = await RunUnit.BeginAsync(database, engine, cancellationToken);
        if (await RunBook.LockAsync(unit.Connection, payload.RunId, cancellationToken) is null)
        {
            return;
        }

        var cancelled = await unit.Connection.ExecuteAsync(
            """
            UPDATE radar.task_runs SET state = 'cancelled', reason = $3, ended_at = now()
            WHERE  task_id = $1 AND job_id = $2 AND state IN ('pending', 'ready', 'retrying')
            """,
            [payload.TaskId, jobId, $"its job was deleted in {engine.Name}"], cancellationToken);
        if (cancelled > 0)
        {
            await RunBook.SettleAsync(unit, payload.RunId, cancellationToken);
            await unit.CommitAsync(cancellationToken);
            LogDeleted(payload.RunId, payload.TaskId, jobId);
        }
    }

    public async Task RequeuedAsync(TaskPayload payload, string jobId, CancellationToken cancellationToken)
    {
        await using var unit = await RunUnit.BeginAsync(database, engine, cancellationToken);
        await unit.Connection.ExecuteAsync($"SELECT pg_advisory_xact_lock({RunStarter.LockKey})", [], cancellationToken);
        if (await RunBook.LockAsync(unit.Connection, payload.RunId, cancellationToken) is not var (workflow, state))
        {
            return;
        }

        if (state is RunState.Cancelling or RunState.Waiting)
        {
            // A task made ready now would never be claimed, and the run would never end.
            throw new InvalidOperationException($"{workflow} run {payload.RunId} is {state.Word()}: its task can be requeued when it has ended.");
        }

        if (state.IsTerminal() && await OthersAsync(unit.Connection, workflow, payload.RunId, cancellationToken) is [var other, ..])
        {
            throw new InvalidOperationException(
                $"{workflow} run {payload.RunId} has ended, and {other} is at work now: its task can be requeued when that has ended.");
        }

        var again = await unit.Connection.ExecuteAsync(
            """
            UPDATE radar.task_runs
            SET    state = 'ready', reason = $3, ready_at = now(), not_before = NULL, ended_at = NULL, result = NULL, progress = NULL, failures = 0, lost = 0,
                   chained = false, job_id = $2, enqueued_at = clock_timestamp()
            WHERE  task_id = $1 AND state IN ('retrying', 'succeeded', 'failed', 'cancelled', 'skipped')
            """,
            [payload.TaskId, jobId, $"requeued in {engine.Name}"], cancellationToken);
        if (again == 0)
        {
            return;
        }

        // What was not run because of it has its chance again; what was not run for another reason is skipped again when a task ends.
        await unit.Connection.ExecuteAsync(
            "UPDATE radar.task_runs SET state = 'pending', reason = NULL, ended_at = NULL, job_id = NULL, chained = false WHERE run_id = $1 AND state = 'skipped'",
            [payload.RunId], cancellationToken);
        if (state.IsTerminal())
        {
            await unit.Connection.ExecuteAsync(
                "UPDATE radar.workflow_runs SET state = 'running', reason = NULL, ended_at = NULL WHERE run_id = $1", [payload.RunId], cancellationToken);
        }

        await unit.CommitAsync(cancellationToken);
        LogRequeued(workflow, payload.RunId, payload.TaskId, jobId);
    }

    // Runs that this one must not run beside: of its own workflow, and of those that either pre-empts.
    private Task<List<string>> OthersAsync(NpgsqlConnection connection, string workflow, long runId, CancellationToken cancellationToken)
    {
        string[] rivals = [.. catalog.All.Where(w => w.Preempts.Contains(workflow)).Select(w => w.Name), .. catalog.Find(workflow)?.Preempts ?? []];
        return connection.QueryAsync(
            """
            SELECT o.workflow || ' run ' || o.run_id FROM radar.workflow_runs o
            WHERE  o.run_id <> $1 AND o.state IN ('waiting', 'running', 'cancelling')
              AND  (o.workflow = ANY($2) OR (o.workflow = $3 AND (SELECT count(*) FROM radar.workflow_runs s
                    WHERE s.workflow = $3 AND s.run_id <> $1 AND s.state IN ('waiting', 'running', 'cancelling')) >= $4))
            ORDER BY o.run_id
            """,
            [runId, rivals, workflow, catalog.Find(workflow)?.MaxActiveRuns ?? 1], r => r.GetString(0), cancellationToken);
    }

    [LoggerMessage(LogLevel.Information, "Run {Run} task {Task}: job {Job} was deleted in the engine's pages, the task is cancelled")]
    private partial void LogDeleted(long run, long task, string job);

    [LoggerMessage(LogLevel.Information, "{Workflow} run {Run} task {Task}: job {Job} was requeued in the engine's pages, the task is tried again")]
    private partial void LogRequeued(string workflow, long run, long task, string job);
}
