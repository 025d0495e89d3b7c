using Npgsql;

namespace Radar.Jobs.Quartz;

/// <summary>Holds Quartz's jobs against Radar's tasks: what <c>radar check</c> reports. Needs no running scheduler.</summary>
public sealed class QuartzAudit(NpgsqlDataSource database)
{
    /// <summary>One line for each job whose task no longer needs it, and each that Quartz has set aside; none when all is well.</summary>
    public async Task<IReadOnlyList<string>> FindAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using (var exists = new NpgsqlCommand("SELECT to_regclass('quartz.qrtz_triggers') IS NOT NULL", connection))
        {
            if (await exists.ExecuteScalarAsync(cancellationToken) is not true)
            {
                return [];
            }
        }

        // A job's key begins with its task's id. One that is due in a moment may find its task cancelled: that is no fault yet.
        await using var command = new NpgsqlCommand("""
            SELECT format('engine job %s (%s) is %s, but its task is %s', q.trigger_group, q.description, lower(q.trigger_state), coalesce(t.state, 'not there'))
            FROM   quartz.qrtz_triggers q
            LEFT JOIN radar.task_runs t ON t.task_id = split_part(q.trigger_group, '.', 1)::bigint
            WHERE  q.job_group = 'radar' AND q.trigger_group ~ '^[0-9]+\.[0-9]+$'
              AND  (q.trigger_state = 'ERROR' OR coalesce(t.state, 'none') NOT IN ('ready', 'running', 'retrying'))
              AND  q.next_fire_time < (extract(epoch FROM now() - interval '1 minute') * 10000000)::bigint + 621355968000000000
            """, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var findings = new List<string>();
        while (await reader.ReadAsync(cancellationToken))
        {
            findings.Add(reader.GetString(0));
        }

        return findings;
    }
}
