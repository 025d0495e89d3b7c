using System.Globalization;
using Npgsql;
using Radar.Jobs.Engine;

namespace Radar.Jobs.Runs;

/// <summary>Reads runs from PostgreSQL.</summary>
internal sealed class RunReader(NpgsqlDataSource database, IJobEngine engine) : IRuns
{
    private const string RunColumns = """
        SELECT r.run_id, r.workflow, r.cause, r.requested_by, r.planned_at, r.parameters::text, r.state, r.reason, r.created_at, r.started_at,
               r.ended_at, t.known, t.ended
        FROM   radar.workflow_runs r
        CROSS JOIN LATERAL (SELECT count(*)::int AS known,
                                   (count(*) FILTER (WHERE state IN ('succeeded', 'failed', 'skipped', 'cancelled')))::int AS ended
                            FROM radar.task_runs WHERE run_id = r.run_id) t
        """;

    public async Task<IReadOnlyList<RunSummary>> ListAsync(
        string? workflow, bool activeOnly, long? before, int take, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QueryAsync(
            RunColumns + """

            WHERE  ($1::text IS NULL OR r.workflow = $1) AND (NOT $2 OR r.state IN ('waiting', 'running', 'cancelling'))
              AND  ($3::bigint IS NULL OR r.run_id < $3)
            ORDER BY r.run_id DESC LIMIT $4
            """,
            [workflow, activeOnly, before, take], ReadRun, cancellationToken);
    }

    public async Task<RunDetail?> FindAsync(long runId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var runs = await connection.QueryAsync(RunColumns + "\nWHERE r.run_id = $1", [runId], ReadRun, cancellationToken);
        if (runs.Count == 0)
        {
            return null;
        }

        var tasks = await connection.QueryAsync(
            """
            SELECT task_id, task, template, instance, needs, queue, state, reason, attempt, ready_at, not_before, started_at, ended_at,
                   result::text, progress, activity, node, job_id
            FROM   radar.task_runs WHERE run_id = $1 ORDER BY ordinal, instance NULLS FIRST, task_id
            """,
            [runId], ReadTask, cancellationToken);
        return new(runs[0], tasks);
    }

    public async Task<IReadOnlyList<TaskLogLine>?> LogsAsync(
        long runId, string task, long after, int take, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var ids = await connection.QueryAsync(
            "SELECT task_id FROM radar.task_runs WHERE run_id = $1 AND task = $2", [runId, task], r => r.GetInt64(0), cancellationToken);
        return ids.Count == 0
            ? null
            : await connection.QueryAsync(
                "SELECT id, attempt, at, level, message FROM radar.task_logs WHERE task_id = $1 AND id > $2 ORDER BY id LIMIT $3",
                [ids[0], after, take],
                r => new TaskLogLine(r.GetInt64(0), r.GetInt32(1), r.GetFieldValue<DateTimeOffset>(2), r.GetString(3), r.GetString(4)),
                cancellationToken);
    }

    public async Task<string?> WhyNotRunningAsync(long runId, string? task, CancellationToken cancellationToken)
    {
        if (await FindAsync(runId, cancellationToken) is not { } detail)
        {
            return $"There is no run {runId}.";
        }

        if (task is null)
        {
            return await WhyAsync(detail, cancellationToken);
        }

        return detail.Tasks.FirstOrDefault(t => t.Task == task) is { } found
            ? detail.Run.State == RunState.Waiting ? await WhyAsync(detail, cancellationToken) : await WhyAsync(detail, found, cancellationToken)
            : $"Run {runId} has no task '{task}'.{Workflows.Nearest.Suggest(task, detail.Tasks.Select(t => t.Task))}";
    }

    public async Task<bool> CancelAsync(long runId, string by, CancellationToken cancellationToken)
    {
        await using var unit = await RunUnit.BeginAsync(database, engine, cancellationToken);
        var cancelled = await RunBook.CancelAsync(unit, runId, $"cancelled by {by}", cancellationToken);
        await unit.CommitAsync(cancellationToken);
        return cancelled;
    }

    private async Task<string?> WhyAsync(RunDetail detail, CancellationToken cancellationToken)
    {
        var run = detail.Run;
        if (run.State == RunState.Waiting)
        {
            await using var connection = await database.OpenConnectionAsync(cancellationToken);
            var others = await connection.QueryAsync(
                """
                SELECT o.workflow || ' run ' || o.run_id || ' (' || o.state || ')' FROM radar.workflow_runs w
                JOIN   radar.workflow_runs o ON o.run_id = ANY(w.waits_for)
                WHERE  w.run_id = $1 AND o.state IN ('waiting', 'running', 'cancelling') ORDER BY o.run_id
                """,
                [run.RunId], r => r.GetString(0), cancellationToken);
            return $"Run {run.RunId} waits for {string.Join(", ", others)} to end.";
        }

        if (run.State == RunState.Cancelling)
        {
            return $"Run {run.RunId} is being cancelled ({run.Reason}); still stopping: " +
                string.Join(", ", detail.Tasks.Where(t => t.State == TaskState.Running).Select(t => t.Task)) + ".";
        }

        if (run.State.IsTerminal())
        {
            return $"Run {run.RunId} has ended: {run.State.Word()}{(run.Reason is null ? "" : $" ({run.Reason})")}.";
        }

        if (detail.Tasks.Any(t => t.State == TaskState.Running))
        {
            return null;
        }

        return detail.Tasks.FirstOrDefault(t => t.State is TaskState.Ready or TaskState.Retrying) is { } next
            ? await WhyAsync(detail, next, cancellationToken)
            : null;
    }

    private async Task<string?> WhyAsync(RunDetail detail, TaskSummary task, CancellationToken cancellationToken)
    {
        switch (task.State)
        {
            case TaskState.Running:
                return null;
            case TaskState.Pending:
                var open = detail.Tasks.Where(t => (task.Needs.Contains(t.Task) || task.Needs.Contains(t.Template)) && !t.State.IsTerminal());
                return $"{task.Task} waits for {string.Join(", ", open.Select(t => $"{t.Task} ({t.State.Word()})"))}.";
            case TaskState.Retrying:
                return string.Create(CultureInfo.InvariantCulture,
                    $"{task.Task} failed {task.Attempt} time(s) and is tried again at {task.NotBefore:yyyy-MM-dd HH:mm:ss} UTC: {task.Reason}");
            case TaskState.Ready:
                await using (var connection = await database.OpenConnectionAsync(cancellationToken))
                {
                    var nodes = await connection.QueryAsync(
                        "SELECT name FROM radar.nodes WHERE until > now() ORDER BY name", [], r => r.GetString(0), cancellationToken);
                    var ahead = await connection.QueryAsync(
                        "SELECT count(*) FROM radar.task_runs WHERE queue = $1 AND state = 'running'", [task.Queue], r => r.GetInt64(0), cancellationToken);
                    return string.Create(CultureInfo.InvariantCulture, $"{task.Task} is ready since {task.ReadyAt:HH:mm:ss} UTC in queue {task.Queue}; ") +
                        (nodes.Count == 0
                            ? "no node is alive to take it: start a scheduler."
                            : $"{ahead[0]} task(s) of that queue are running on {string.Join(", ", nodes)}.");
                }

            default:
                return $"{task.Task} has ended: {task.State.Word()}{(task.Reason is null ? "" : $" ({task.Reason})")}.";
        }
    }

    private static RunSummary ReadRun(NpgsqlDataReader r) => new()
    {
        RunId = r.GetInt64(0),
        Workflow = r.GetString(1),
        Cause = r.State<RunCause>(2),
        RequestedBy = r.GetString(3),
        PlannedAt = r.Time(4),
        Parameters = r.GetString(5),
        State = r.State<RunState>(6),
        Reason = r.Text(7),
        CreatedAt = r.GetFieldValue<DateTimeOffset>(8),
        StartedAt = r.Time(9),
        EndedAt = r.Time(10),
        Tasks = r.GetInt32(11),
        TasksEnded = r.GetInt32(12),
    };

    private static TaskSummary ReadTask(NpgsqlDataReader r) => new()
    {
        TaskId = r.GetInt64(0),
        Task = r.GetString(1),
        Template = r.GetString(2),
        Instance = r.Text(3),
        Needs = r.GetFieldValue<string[]>(4),
        Queue = r.GetString(5),
        State = r.State<TaskState>(6),
        Reason = r.Text(7),
        Attempt = r.GetInt32(8),
        ReadyAt = r.Time(9),
        NotBefore = r.Time(10),
        StartedAt = r.Time(11),
        EndedAt = r.Time(12),
        Result = r.Text(13),
        Progress = r.IsDBNull(14) ? null : r.GetDouble(14),
        Activity = r.Text(15),
        Node = r.Text(16),
        JobId = r.Text(17),
    };
}
