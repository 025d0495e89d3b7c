using Npgsql;

namespace Radar.Jobs.Runs;

/// <summary>
/// Ends instances of a fan-out from whose end nothing follows, since nothing waits for one of them alone and another of their kind has not even begun, whose
/// end comes later. Were each to have the run for itself, thousands would end one after the other, a commit each; so they end beside each other, and those
/// that end while others are being written are written together.
/// </summary>
internal sealed class InstanceEnds(NpgsqlDataSource database)
{
    private readonly GroupCommit<Asked, bool> _ends = new((first, next) => first.Claim.RunId == next.Claim.RunId, (group, token) => EndAsync(database, group, token));

    /// <summary>Ends an instance that succeeded, if nothing follows from it.</summary>
    /// <returns>False: nothing was changed.</returns>
    public Task<bool> TryEndAsync(Claim claim, string? result, CancellationToken cancellationToken) => _ends.AskAsync(new(claim, result), cancellationToken);

    // OFFSET 0: asked for each, it stops at the first of their kind that has not begun; as a join it would read all of them.
    private static async Task<IReadOnlyList<bool>> EndAsync(NpgsqlDataSource database, IReadOnlyList<Asked> group, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var ended = await connection.QueryBatchAsync(
            [
                (RunBook.LockShared, [group[0].Claim.RunId]),
                ("""
                 WITH asked AS (
                 SELECT * FROM unnest($2::bigint[], $3::uuid[], $4::int[], $5::text[], $6::text[], $7::text[]) AS a(task_id, token, attempt, task, template, result)),
                 ended AS (
                 UPDATE radar.task_runs t
                 SET    state = 'succeeded', reason = NULL, result = a.result::jsonb, not_before = NULL, ended_at = now(), token = NULL, lease_until = NULL, progress = 1
                 FROM   asked a
                 WHERE  t.task_id = a.task_id AND t.token = a.token
                   AND  EXISTS (SELECT 1 FROM radar.workflow_runs WHERE run_id = $1 AND state = 'running')
                   AND  NOT EXISTS (SELECT 1 FROM radar.task_runs w WHERE w.run_id = $1 AND w.state = 'pending' AND a.task = ANY(w.needs))
                   AND  EXISTS (SELECT 1 FROM radar.task_runs o
                                WHERE o.run_id = $1 AND o.template = a.template AND o.state IN ('pending', 'ready', 'retrying') LIMIT 1 OFFSET 0)
                 RETURNING t.task_id, a.attempt)
                 UPDATE radar.task_attempts n SET ended_at = now(), outcome = 'succeeded' FROM ended
                 WHERE  n.task_id = ended.task_id AND n.attempt = ended.attempt RETURNING n.task_id
                 """,
                 [
                     group[0].Claim.RunId, group.Select(a => a.Claim.TaskId).ToArray(), group.Select(a => a.Claim.Token).ToArray(),
                     group.Select(a => a.Claim.Attempt).ToArray(), group.Select(a => a.Claim.Task).ToArray(), group.Select(a => a.Claim.Template).ToArray(),
                     group.Select(a => a.Result).ToArray(),
                 ]),
            ],
            r => r.GetInt64(0), cancellationToken);
        return [.. group.Select(asked => ended.Contains(asked.Claim.TaskId))];
    }

    private sealed record Asked(Claim Claim, string? Result);
}
