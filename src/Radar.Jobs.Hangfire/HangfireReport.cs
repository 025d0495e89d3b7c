using global::Hangfire.PostgreSql;
using global::Hangfire.Storage;
using Npgsql;
using Radar.Jobs.Engine;
using Radar.Jobs.Workflows;

namespace Radar.Jobs.Hangfire;

/// <summary>What Hangfire knows about itself, in the seam's words.</summary>
internal static class HangfireReport
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(30);

    public static async Task<EngineDescription> DescribeAsync(PostgreSqlStorage storage, NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        var queues = await QueuesAsync(database, cancellationToken);
        var servers = await ServersAsync(database, cancellationToken);
        var recurring = await Task.Run(
            () =>
            {
                using var connection = storage.GetConnection();
                return connection.GetRecurringJobs().Where(j => !j.Removed).OrderBy(j => j.Id, StringComparer.Ordinal)
                    .Select(j => new EngineRecurring(
                        j.Id, j.Cron == global::Hangfire.Cron.Never() ? null : j.Cron, j.TimeZoneId ?? "Etc/UTC", Utc(j.NextExecution), Utc(j.LastExecution)))
                    .ToList();
            },
            cancellationToken);
        var version = typeof(global::Hangfire.JobStorage).Assembly.GetName().Version!.ToString(3);
        return new($"Hangfire {version}", servers, queues, recurring);

        static DateTimeOffset? Utc(DateTime? at) => at is { } time ? new DateTimeOffset(DateTime.SpecifyKind(time, DateTimeKind.Utc)) : null;
    }

    // One line per node: its servers, one for each queue, live and die together.
    private static async Task<List<EngineServer>> ServersAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"""
            SELECT regexp_replace(id, '-[a-z]+:[^:]*:[^:]*$', ''), max(lastheartbeat), max(lastheartbeat) > now() - $1
            FROM   {HangfireStorage.Schema}.server GROUP BY 1 ORDER BY 1
            """);
        command.Parameters.Add(new() { Value = Silence });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var servers = new List<EngineServer>();
        while (await reader.ReadAsync(cancellationToken))
        {
            servers.Add(new(reader.GetString(0), reader.GetFieldValue<DateTimeOffset>(1), reader.GetBoolean(2)));
        }

        return servers;
    }

    private static async Task<List<EngineQueue>> QueuesAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"""
            SELECT q.name,
                   (SELECT count(*)::int FROM {HangfireStorage.Schema}.jobqueue w WHERE w.queue = q.name AND w.fetchedat IS NULL),
                   (SELECT count(*)::int FROM {HangfireStorage.Schema}.job j
                    WHERE j.statename = 'Scheduled' AND coalesce(j.invocationdata->>'Queue', 'default') = q.name),
                   (SELECT count(*)::int FROM {HangfireStorage.Schema}.jobqueue w WHERE w.queue = q.name AND w.fetchedat IS NOT NULL)
            FROM unnest($1::text[]) WITH ORDINALITY AS q(name, place) ORDER BY q.place
            """);
        command.Parameters.Add(new() { Value = Queues.All.ToArray() });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var queues = new List<EngineQueue>();
        while (await reader.ReadAsync(cancellationToken))
        {
            queues.Add(new(reader.GetString(0), reader.GetInt32(1), reader.GetInt32(2), reader.GetInt32(3)));
        }

        return queues;
    }
}
