using global::Quartz;
using Npgsql;
using Radar.Jobs.Engine;
using Radar.Jobs.Workflows;

namespace Radar.Jobs.Quartz;

/// <summary>What Quartz knows about itself, in the seam's words.</summary>
internal static class QuartzReport
{
    public static async Task<EngineDescription> DescribeAsync(QuartzHost host, CancellationToken cancellationToken)
    {
        var scheduler = await host.SchedulerAsync(cancellationToken);
        var servers = (await scheduler.QueryClusterNodes(cancellationToken))
            .Select(n => new EngineServer(n.InstanceId, n.LastCheckInUtc ?? DateTimeOffset.UnixEpoch, n.State == ClusterNodeState.Alive))
            .OrderBy(n => n.Name, StringComparer.Ordinal)
            .ToList();
        var recurring = new List<EngineRecurring>();
        var jobs = await scheduler.QueryJobs(new JobQuery { Group = GroupMatcher<JobKey>.GroupEquals(WorkflowJob.Group) }, cancellationToken);
        foreach (var workflow in jobs.Items.Select(j => j.Key.Name).Order(StringComparer.Ordinal))
        {
            var trigger = await scheduler.GetTrigger(new TriggerKey(workflow, WorkflowJob.Group), cancellationToken);
            var words = trigger?.Description?.Split(" | ");
            recurring.Add(new(workflow, words?[0], words?[1] ?? "Etc/UTC", trigger?.NextFireTimeUtc, trigger?.PreviousFireTimeUtc));
        }

        var version = typeof(IScheduler).Assembly.GetName().Version!.ToString(3);
        return new($"Quartz {version}", servers, await QueuesAsync(host.Database, host.Time.GetUtcNow(), cancellationToken), recurring);
    }

    private static async Task<List<EngineQueue>> QueuesAsync(NpgsqlDataSource database, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            SELECT q.name,
                   (SELECT count(*)::int FROM quartz.qrtz_triggers t
                    WHERE t.execution_group = q.name AND t.job_group = 'radar' AND t.trigger_state = 'WAITING' AND t.next_fire_time <= $2),
                   (SELECT count(*)::int FROM quartz.qrtz_triggers t
                    WHERE t.execution_group = q.name AND t.job_group = 'radar' AND t.trigger_state = 'WAITING' AND t.next_fire_time > $2),
                   (SELECT count(*)::int FROM quartz.qrtz_fired_triggers f
                    WHERE f.execution_group = q.name AND f.job_group = 'radar' AND f.state = 'EXECUTING')
            FROM unnest($1::text[]) WITH ORDINALITY AS q(name, place) ORDER BY q.place
            """);
        command.Parameters.Add(new() { Value = Queues.All.ToArray() });
        command.Parameters.Add(new() { Value = now.UtcTicks });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var queues = new List<EngineQueue>();
        while (await reader.ReadAsync(cancellationToken))
        {
            queues.Add(new(reader.GetString(0), reader.GetInt32(1), reader.GetInt32(2), reader.GetInt32(3)));
        }

        return queues;
    }
}
