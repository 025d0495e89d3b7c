using System.Text.Json;
using System.Text.Json.Nodes;
using Npgsql;
using Radar.Jobs.Engine;
using Radar.Jobs.Hosting;
using Radar.Jobs.Workflows;

namespace Radar.Jobs.Runs;

/// <summary>A claimed attempt: only the holder of the token may end it.</summary>
internal sealed record Claim(
    Guid Token, long RunId, long TaskId, string Workflow, string Task, string Template, string? Instance, int Attempt, int Failures,
    IReadOnlyDictionary<string, string> Parameters);

/// <summary>How an attempt ended.</summary>
internal abstract record Ending
{
    /// <summary>It did what it should; fan-out templates bring the instances they found.</summary>
    public sealed record Succeeded(string? Result, IReadOnlyList<string>? Instances) : Ending;

    /// <summary>It failed. A failure of the database's connection does not count against the task.</summary>
    public sealed record Failed(string Reason, bool Final, bool Counts) : Ending;

    /// <summary>Its run was cancelled and it stopped.</summary>
    public sealed record Cancelled(string Reason) : Ending;

    /// <summary>Its node stops; another one goes on with it.</summary>
    public sealed record Released : Ending;
}

/// <summary>Claims attempts and ends them. All times are PostgreSQL's.</summary>
internal sealed class TaskClaims(NpgsqlDataSource database, IJobEngine engine, WorkflowCatalog catalog, JobsOptions options)
{
    private readonly InstanceEnds _instances = new(database);
    private static readonly string ClaimFree = ClaimSql("SKIP LOCKED");
    private static readonly string ClaimPatiently =
        $"""
        {ClaimSql("")}
        UNION ALL
        SELECT t.token, t.run_id, t.task_id, r.workflow, t.task, t.template, t.instance, t.attempt, t.failures, r.parameters::text
        FROM   asked a JOIN radar.task_runs t USING (task_id, token) JOIN radar.workflow_runs r ON r.run_id = t.run_id WHERE t.state = 'running'
        """;

    private readonly GroupCommit<Asked, Claim> _claims = new((_, _) => true, (group, token) => ClaimAsync(database, options, group, ClaimFree, token));

    /// <summary>Claims the task, or tells what to do with the delivery instead.</summary>
    /// <param name="payload">The task.</param>
    /// <param name="token">The claim's token, the same when this is tried again: a claim whose answer was lost on its way is found by it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<(Claim? Claim, Delivery? Instead)> TryClaimAsync(TaskPayload payload, Guid token, CancellationToken cancellationToken)
    {
        // A row that is locked keeps the others of its group waiting no longer than it must: it is waited for here, by itself.
        var asked = new Asked(payload, token);
        if ((await _claims.AskAsync(asked, cancellationToken) ?? (await ClaimAsync(database, options, [asked], ClaimPatiently, cancellationToken))[0]) is { } claim)
        {
            return (claim, null);
        }

        // A live lease or a rest that is not over: come back then. Everything else needs no delivery any more.
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var until = await connection.QueryAsync(
            """
            SELECT CASE state WHEN 'running' THEN greatest(lease_until, now()) ELSE not_before END + interval '100 ms'
            FROM   radar.task_runs WHERE task_id = $1 AND run_id = $2 AND state IN ('running', 'retrying')
            """,
            [payload.TaskId, payload.RunId], r => r.GetFieldValue<DateTimeOffset>(0), cancellationToken);
        return (null, until.Count == 0 ? Delivery.Finished : Delivery.AgainAt(until[0]));
    }

    private static async Task<IReadOnlyList<Claim?>> ClaimAsync(
        NpgsqlDataSource database, JobsOptions options, IReadOnlyList<Asked> group, string sql, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var claims = await connection.QueryAsync(
            sql,
            [
                group.Select(a => a.Payload.RunId).ToArray(), group.Select(a => a.Payload.TaskId).ToArray(), group.Select(a => a.Token).ToArray(),
                options.Node, options.Lease,
            ],
            r => new Claim(
                r.GetGuid(0), r.GetInt64(1), r.GetInt64(2), r.GetString(3), r.GetString(4), r.GetString(5), r.Text(6), r.GetInt32(7), r.GetInt32(8),
                JsonSerializer.Deserialize<Dictionary<string, string>>(r.GetString(9))!),
            cancellationToken);
        return [.. group.Select(asked => claims.Find(c => c.Token == asked.Token))];
    }

    // The condition is a CASE because no index but that of the task's number is to be thought of: by its run or state it is looked for among thousands.
    private static string ClaimSql(string locked) =>
        $"""
        WITH asked AS MATERIALIZED (
          SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::uuid[]) AS a(run_id, task_id, token)),
        free AS MATERIALIZED (
          SELECT task_id FROM radar.task_runs WHERE task_id = ANY($2) FOR UPDATE {locked}),
        claimed AS (
          UPDATE radar.task_runs t
          SET    state = 'running', attempt = t.attempt + 1, node = $4, token = a.token, lease_until = now() + $5, reason = NULL,
                 started_at = coalesce(t.started_at, now()), progress = NULL, activity = NULL, not_before = NULL
          FROM   free JOIN asked a USING (task_id) JOIN radar.workflow_runs r USING (run_id)
          WHERE  t.task_id = free.task_id AND r.state = 'running'
            AND  CASE WHEN t.run_id <> a.run_id THEN false WHEN t.state = 'retrying' THEN t.not_before <= now() ELSE t.state = 'ready' END
          RETURNING t.token, t.run_id, t.task_id, r.workflow, t.task, t.template, t.instance, t.attempt, t.failures, r.parameters),
        noted AS (
          INSERT INTO radar.task_attempts (task_id, attempt, node, token) SELECT task_id, attempt, $4, token FROM claimed)
        SELECT token, run_id, task_id, workflow, task, template, instance, attempt, failures, parameters::text FROM claimed
        """;

    /// <summary>Ends the attempt, and settles its run in the same transaction.</summary>
    /// <returns>What the engine is to do; null when the token is no longer the task's: nothing was changed.</returns>
    public async Task<Delivery?> EndAsync(Claim claim, Ending ending, CancellationToken cancellationToken)
    {
        if (claim.Instance is not null && Stored(ending) is Ending.Succeeded done && await _instances.TryEndAsync(claim, done.Result, cancellationToken))
        {
            return Delivery.Finished;
        }

        await using var unit = await RunUnit.BeginAsync(database, engine, cancellationToken);
        if (await RunBook.LockAsync(unit.Connection, claim.RunId, cancellationToken) is not var (_, run))
        {
            return null;
        }

        var spec = catalog.Find(claim.Workflow)?.Tasks.FirstOrDefault(t => t.Name == claim.Template);
        var (state, reason, result, rest, delivery) = Decide(claim, Stored(ending), run, spec);
        var mine = await unit.Connection.QueryAsync(
            """
            WITH ended AS (
            UPDATE radar.task_runs
            SET    state = $3, reason = $4::text, result = $5::jsonb, not_before = now() + $6::interval, failures = failures + $7,
                   ended_at = CASE WHEN $8 THEN now() END, token = NULL, lease_until = NULL,
                   ready_at = CASE WHEN $3 = 'ready' THEN now() ELSE ready_at END,
                   enqueued_at = CASE WHEN $3 = 'ready' THEN NULL ELSE enqueued_at END,
                   progress = CASE WHEN $3 = 'succeeded' THEN 1 ELSE progress END
            WHERE  task_id = $1 AND token = $2
            RETURNING not_before),
            noted AS (
            UPDATE radar.task_attempts SET ended_at = now(), outcome = $10, error = $4::text
            WHERE  task_id = $1 AND attempt = $9 AND EXISTS (SELECT 1 FROM ended))
            SELECT not_before,
                   NOT EXISTS (SELECT 1 FROM radar.task_runs
                               WHERE run_id = $11 AND template = $12 AND task_id <> $1 AND state IN ('pending', 'ready', 'running', 'retrying'))
                   OR EXISTS (SELECT 1 FROM radar.task_runs
                              WHERE run_id = $11 AND state = 'pending' AND $13 = ANY(needs))
            FROM   ended
            """,
            [claim.TaskId, claim.Token, state.Word(), reason, result, rest, ending is Ending.Failed { Counts: true } ? 1 : 0, state.IsTerminal(),
             claim.Attempt, Outcome(ending), claim.RunId, claim.Template, claim.Task],
            r => (NotBefore: r.Time(0), IsAwaited: r.GetBoolean(1)), cancellationToken);
        if (mine.Count == 0)
        {
            return null;
        }

        if (ending is Ending.Succeeded { Instances: { } instances } && spec is not null)
        {
            await FanOut.AddAsync(unit.Connection, catalog.Find(claim.Workflow)!, claim.RunId, spec, instances, cancellationToken);
        }

        // Of thousands of instances most end without any consequence: others of their kind are still at work, and nothing waits for this one alone.
        if (state != TaskState.Succeeded || claim.Instance is null || mine[0].IsAwaited)
        {
            await RunBook.SettleAsync(unit, claim.RunId, cancellationToken);
        }

        await unit.CommitAsync(cancellationToken);
        return delivery ?? Delivery.AgainAt(mine[0].NotBefore!.Value, reason);
    }

    /// <summary>The stored result of a task of a run.</summary>
    public async Task<JsonNode?> ResultAsync(long runId, string task, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync(
            "SELECT result::text FROM radar.task_runs WHERE run_id = $1 AND task = $2", [runId, task], r => r.Text(0), cancellationToken);
        return rows is [{ } json] ? JsonNode.Parse(json) : null;
    }

    private static Ending Stored(Ending ending) => ending switch
    {
        Ending.Succeeded { Result: { } result } done => done with { Result = Storable.Json(result) },
        Ending.Failed failed => failed with { Reason = Storable.Text(failed.Reason) },
        _ => ending,
    };

    private static (TaskState State, string? Reason, string? Result, TimeSpan? Pause, Delivery? Delivery) Decide(
        Claim claim, Ending ending, RunState run, TaskSpec? spec) => ending switch
        {
            Ending.Succeeded done => (TaskState.Succeeded, null, done.Result, null, Delivery.Finished),
            Ending.Cancelled stopped => (TaskState.Cancelled, stopped.Reason, null, null, Delivery.Dropped(stopped.Reason)),
            _ when run == RunState.Cancelling => (TaskState.Cancelled, "the run was cancelled", null, null, Delivery.Dropped("cancelled")),
            Ending.Released => (TaskState.Ready, "its node stopped", null, null, Delivery.Finished),
            Ending.Failed { Counts: false } away => (TaskState.Retrying, away.Reason, null, TimeSpan.FromSeconds(1), null),
            Ending.Failed { Final: false } failed when (spec?.Retry ?? RetryPolicy.None).After(claim.Failures + 1) is { } rest =>
                (TaskState.Retrying, failed.Reason, null, rest, null),
            Ending.Failed failed => (TaskState.Failed, failed.Reason, null, null, Delivery.FailedFor(failed.Reason)),
            _ => throw new System.Diagnostics.UnreachableException(),
        };

    private static string Outcome(Ending ending) => ending switch
    {
        Ending.Succeeded => "succeeded",
        Ending.Cancelled => "cancelled",
        Ending.Released => "released",
        _ => "failed",
    };

    private sealed record Asked(TaskPayload Payload, Guid Token);
}
