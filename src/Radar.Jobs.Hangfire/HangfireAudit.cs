using Npgsql;

namespace Radar.Jobs.Hangfire;

/// <summary>Holds Hangfire's jobs against Radar's tasks: what <c>radar check</c> reports. Needs no running server.</summary>
internal static class HangfireAudit
{
    /// <summary>One line for each job that lies or runs although its task no longer needs it; none when all is well.</summary>
    public static async Task<IReadOnlyList<string>> FindAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using (var exists = new NpgsqlCommand($"SELECT to_regclass('{HangfireStorage.Schema}.job') IS NOT NULL", connection))
        {
            if (await exists.ExecuteScalarAsync(cancellationToken) is not true)
            {
                return [];
            }
        }

        // A job that came to its state in this minute may find its task cancelled: that is no fault yet.
        await using var command = new NpgsqlCommand($"""
            SELECT format('engine job %s (%s) is %s, but its task is %s', j.id, j.arguments->>2, lower(j.statename), coalesce(t.state, 'not there'))
            FROM   {HangfireStorage.Schema}.job j
            JOIN   {HangfireStorage.Schema}.state s ON s.id = j.stateid
            LEFT JOIN radar.task_runs t ON t.task_id = (j.arguments->>1)::bigint
            WHERE  j.invocationdata->>'Type' LIKE 'Radar.Jobs.Hangfire.TaskJob,%' AND s.createdat < now() - interval '1 minute'
              AND  ((j.statename IN ('Enqueued', 'Processing') AND coalesce(t.state, 'none') NOT IN ('ready', 'running', 'retrying'))
                OR  (j.statename IN ('Scheduled', 'Awaiting') AND coalesce(t.state, 'none') NOT IN ('pending', 'ready', 'running', 'retrying')))
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
