using Npgsql;

namespace Radar.Jobs.Runs;

/// <summary>Looks for runs and tasks that cannot be: what <c>radar check</c> reports. Nothing here is healed; the sweeper does that.</summary>
public sealed class RunAudit(NpgsqlDataSource database)
{
    /// <summary>One line a finding; none when all is well. What a sweep would put right in a moment is not reported.</summary>
    public async Task<IReadOnlyList<string>> FindAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QueryAsync(
            """
            SELECT format('%s run %s task %s: its lease ended at %s and nobody took it over', r.workflow, r.run_id, t.task, t.lease_until)
            FROM   radar.task_runs t JOIN radar.workflow_runs r USING (run_id)
            WHERE  t.state = 'running' AND coalesce(t.lease_until, '-infinity') < now() - interval '30 seconds'
            UNION ALL
            SELECT format('%s run %s task %s: ready since %s, and no node is alive to take it', r.workflow, r.run_id, t.task, t.ready_at)
            FROM   radar.task_runs t JOIN radar.workflow_runs r USING (run_id)
            WHERE  r.state = 'running' AND t.state = 'ready' AND t.ready_at < now() - interval '1 minute'
              AND  NOT EXISTS (SELECT 1 FROM radar.nodes WHERE until > now())
            UNION ALL
            SELECT format('%s run %s task %s: to be tried again at %s, and was not', r.workflow, r.run_id, t.task, t.not_before)
            FROM   radar.task_runs t JOIN radar.workflow_runs r USING (run_id)
            WHERE  r.state = 'running' AND t.state = 'retrying' AND t.not_before < now() - interval '2 minutes'
            UNION ALL
            SELECT format('%s run %s: %s, but all its tasks have ended', r.workflow, r.run_id, r.state)
            FROM   radar.workflow_runs r
            WHERE  r.state IN ('running', 'cancelling') AND r.created_at < now() - interval '10 seconds'
              AND  NOT EXISTS (SELECT 1 FROM radar.task_runs t WHERE t.run_id = r.run_id
                               AND t.state IN ('pending', 'ready', 'running', 'retrying'))
            UNION ALL
            SELECT format('%s run %s has ended, but its task %s is %s', r.workflow, r.run_id, t.task, t.state)
            FROM   radar.task_runs t JOIN radar.workflow_runs r USING (run_id)
            WHERE  r.state IN ('succeeded', 'failed', 'cancelled') AND t.state IN ('pending', 'ready', 'running', 'retrying')
            UNION ALL
            SELECT format('%s run %s: waits, but for nothing that is active', w.workflow, w.run_id)
            FROM   radar.workflow_runs w
            WHERE  w.state = 'waiting' AND w.created_at < now() - interval '10 seconds'
              AND  NOT EXISTS (SELECT 1 FROM radar.workflow_runs o
                               WHERE o.run_id = ANY(w.waits_for) AND o.state IN ('waiting', 'running', 'cancelling'))
            UNION ALL
            SELECT format('%s has %s active runs', workflow, count(*)) FROM radar.workflow_runs
            WHERE  state = 'running' AND workflow IN ('start-fleet', 'kill-fleet') GROUP BY workflow HAVING count(*) > 1
            """,
            [], r => r.GetString(0), cancellationToken);
    }
}
