using Npgsql;

namespace Radar.Jobs.Runs;

/// <summary>
/// Ends instances of a fan-out from whose end nothing follows, since nothing waits for one of them alone and another of their kind has not even begun, whose
/// end comes later. Were each to have the run for itself, thousands would end one after the other, a commit each; so they end beside each other, and those
/// that end while others are being written are written together.
/// </summary>
internal sealed class InstanceEnds(NpgsqlDataSource database)
{
    private const int Most = 100;
    private readonly Lock _lock = new();
    private readonly Queue<Asked> _waiting = [];
    private bool _writes;

    /// <summary>Ends an instance that succeeded, if nothing follows from it.</summary>
    /// <returns>False: nothing was changed.</returns>
    public async Task<bool> TryEndAsync(Claim claim, string? result, CancellationToken cancellationToken)
    {
        var asked = new Asked(claim, result);
        bool begins;
        lock (_lock)
        {
            _waiting.Enqueue(asked);
            begins = !_writes;
            _writes = true;
        }

        if (begins)
        {
            _ = WriteAsync();
        }

        return await asked.Ended.Task.WaitAsync(cancellationToken);
    }

    private async Task WriteAsync()
    {
        var batch = new List<Asked>(Most);
        while (true)
        {
            batch.Clear();
            lock (_lock)
            {
                while (batch.Count < Most && _waiting.TryPeek(out var next) && (batch.Count == 0 || next.Claim.RunId == batch[0].Claim.RunId))
                {
                    batch.Add(_waiting.Dequeue());
                }

                if (batch.Count == 0)
                {
                    _writes = false;
                    return;
                }
            }

            try
            {
                var ended = await EndAsync(batch);
                batch.ForEach(asked => asked.Ended.TrySetResult(ended.Contains(asked.Claim.TaskId)));
            }
#pragma warning disable CA1031 // It is theirs who wait.
            catch (Exception error)
#pragma warning restore CA1031
            {
                // One that cannot be written takes no other with it: each is ended by itself then.
                batch.ForEach(asked => _ = error.IsDatabaseAway() ? asked.Ended.TrySetException(error) : asked.Ended.TrySetResult(false));
            }
        }
    }

    private async Task<HashSet<long>> EndAsync(List<Asked> batch)
    {
        await using var connection = await database.OpenConnectionAsync();
        var ended = await connection.QueryBatchAsync(
            [
                (RunBook.LockShared, [batch[0].Claim.RunId]),
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
                                WHERE o.run_id = $1 AND o.template = a.template AND o.task_id <> a.task_id AND o.state IN ('pending', 'ready', 'retrying'))
                 RETURNING t.task_id, a.attempt)
                 UPDATE radar.task_attempts n SET ended_at = now(), outcome = 'succeeded' FROM ended
                 WHERE  n.task_id = ended.task_id AND n.attempt = ended.attempt RETURNING n.task_id
                 """,
                 [
                     batch[0].Claim.RunId, batch.Select(a => a.Claim.TaskId).ToArray(), batch.Select(a => a.Claim.Token).ToArray(),
                     batch.Select(a => a.Claim.Attempt).ToArray(), batch.Select(a => a.Claim.Task).ToArray(), batch.Select(a => a.Claim.Template).ToArray(),
                     batch.Select(a => a.Result).ToArray(),
                 ]),
            ],
            r => r.GetInt64(0), CancellationToken.None);
        return [.. ended];
    }

    private sealed record Asked(Claim Claim, string? Result)
    {
        public TaskCompletionSource<bool> Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
