using System.Text.Json;
using Npgsql;
using Radar.Jobs.Engine;
using Radar.Jobs.Workflows;

namespace Radar.Jobs.Runs;

/// <summary>Makes runs. One at a time in the whole cluster, so that who pre-empts whom is never in doubt.</summary>
internal sealed partial class RunStarter(
    NpgsqlDataSource database, WorkflowCatalog catalog, IJobEngine engine, Microsoft.Extensions.Logging.ILogger<RunStarter> logger) : IWorkflows
{
    // "radar" and "run" in ASCII.
    internal const long LockKey = 0x72_61_64_61_72_72_75_6e;

    public IReadOnlyList<Workflow> All => catalog.All;

    public Workflow? Find(string nameOrAlias) => catalog.Find(nameOrAlias);

    public Task<TriggerResult> TriggerAsync(
        string nameOrAlias, RunCause cause, string by, IReadOnlyDictionary<string, string>? parameters, CancellationToken cancellationToken) =>
        MakeAsync(nameOrAlias, cause, by, parameters, null, cancellationToken);

    public Task<TriggerResult> TriggerPlannedAsync(string name, DateTimeOffset plannedAt, CancellationToken cancellationToken) =>
        MakeAsync(name, RunCause.Schedule, "schedule", null, plannedAt, cancellationToken);

    private async Task<TriggerResult> MakeAsync(
        string nameOrAlias,
        RunCause cause,
        string by,
        IReadOnlyDictionary<string, string>? parameters,
        DateTimeOffset? plannedAt,
        CancellationToken cancellationToken)
    {
        var workflow = catalog.Find(nameOrAlias) ?? throw new UnknownWorkflowException(catalog.Unknown(nameOrAlias));
        await using var unit = await RunUnit.BeginAsync(database, engine, cancellationToken);
        await unit.Connection.ExecuteAsync($"SELECT pg_advisory_xact_lock({LockKey})", [], cancellationToken);
        if (plannedAt is { } planned && await PlannedAsync(unit, workflow, planned, cancellationToken) is { } made)
        {
            return new(made, false);
        }

        var active = await ActiveAsync(unit, [workflow.Name], cancellationToken);
        var atWork = active.Where(r => r.State != RunState.Cancelling).ToList();
        if (atWork.Count >= workflow.MaxActiveRuns)
        {
            // Even so, a run that began to wait behind it since must give way.
            await PreemptAsync(unit, workflow, atWork[^1].RunId, cancellationToken);
            await unit.CommitAsync(cancellationToken);
            LogAlreadyActive(workflow.Name, atWork[^1].RunId, by);
            return new(atWork[^1].RunId, false);
        }

        var runId = (await unit.Connection.QueryAsync(
            """
            INSERT INTO radar.workflow_runs (workflow, cause, requested_by, planned_at, parameters, state)
            VALUES ($1, $2, $3, $4::timestamptz, $5::jsonb, 'waiting') RETURNING run_id
            """,
            [workflow.Name, cause.Word(), by, plannedAt?.ToUniversalTime(), JsonSerializer.Serialize(parameters ?? new Dictionary<string, string>())],
            r => r.GetInt64(0), cancellationToken))[0];
        await AddTasksAsync(unit, workflow, runId, cancellationToken);
        var preempted = await PreemptAsync(unit, workflow, runId, cancellationToken);
        var stronger = await ActiveAsync(
            unit, [.. catalog.All.Where(w => w.Preempts.Contains(workflow.Name)).Select(w => w.Name)], cancellationToken);
        long[] waitsFor = [.. preempted, .. stronger.Select(r => r.RunId), .. active.Except(atWork).Select(r => r.RunId)];
        await unit.Connection.ExecuteAsync(
            "UPDATE radar.workflow_runs SET waits_for = $2 WHERE run_id = $1", [runId, waitsFor], cancellationToken);
        await RunBook.ReleaseAsync(unit, runId, cancellationToken);
        await unit.CommitAsync(cancellationToken);
        LogMade(workflow.Name, runId, by);
        return new(runId, true);
    }

    private static async Task<long?> PlannedAsync(RunUnit unit, Workflow workflow, DateTimeOffset planned, CancellationToken cancellationToken)
    {
        var made = await unit.Connection.QueryAsync(
            "SELECT run_id FROM radar.workflow_runs WHERE workflow = $1 AND planned_at = $2",
            [workflow.Name, planned.ToUniversalTime()], r => r.GetInt64(0), cancellationToken);
        return made.Count == 0 ? null : made[0];
    }

    private static Task<List<(long RunId, RunState State)>> ActiveAsync(RunUnit unit, string[] workflows, CancellationToken cancellationToken) =>
        unit.Connection.QueryAsync(
            """
            SELECT run_id, state FROM radar.workflow_runs
            WHERE  workflow = ANY($1) AND state IN ('waiting', 'running', 'cancelling') ORDER BY run_id
            """,
            [workflows], r => (r.GetInt64(0), r.State<RunState>(1)), cancellationToken);

    private async Task<List<long>> PreemptAsync(RunUnit unit, Workflow workflow, long runId, CancellationToken cancellationToken)
    {
        var giveWay = await ActiveAsync(unit, [.. workflow.Preempts], cancellationToken);
        foreach (var (other, _) in giveWay)
        {
            if (await RunBook.CancelAsync(unit, other, $"pre-empted by {workflow.Name} run {runId}", cancellationToken))
            {
                LogPreempted(workflow.Name, runId, other);
            }
        }

        return [.. giveWay.Select(r => r.RunId)];
    }

    private static async Task AddTasksAsync(RunUnit unit, Workflow workflow, long runId, CancellationToken cancellationToken)
    {
        foreach (var (task, ordinal) in workflow.Tasks.Select((t, i) => (t, i)))
        {
            await unit.Connection.ExecuteAsync(
                """
                INSERT INTO radar.task_runs (run_id, task, template, ordinal, needs, runs_when, queue, fans_out) VALUES ($1, $2, $2, $3, $4, $5, $6, $7)
                """,
                [runId, task.Name, ordinal, WorkflowGraph.Parents(task).ToArray(), task.When.Word(), task.Queue, task.Instances is not null || task.ForEach is not null],
                cancellationToken);
        }
    }
}
