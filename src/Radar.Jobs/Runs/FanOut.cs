using Npgsql;
using Radar.Jobs.Workflows;

namespace Radar.Jobs.Runs;

/// <summary>
/// Adds the instances of a fanned-out task to its run, and those of the tasks that follow each of them. Those that are there since an earlier
/// attempt stay as they are.
/// </summary>
internal static class FanOut
{
    public static async Task AddAsync(
        NpgsqlConnection connection,
        Workflow workflow,
        long runId,
        TaskSpec spec,
        IReadOnlyList<string> instances,
        CancellationToken cancellationToken)
    {
        // No parents of their own: those of the template have ended already.
        await AddAsync(connection, workflow, runId, spec, instances, [], null, cancellationToken);

        foreach (var follower in workflow.Tasks.Where(t => t.ForEach == spec.Name))
        {
            await FollowAsync(connection, workflow, runId, follower, instances, cancellationToken);
        }
    }

    private static async Task FollowAsync(
        NpgsqlConnection connection,
        Workflow workflow,
        long runId,
        TaskSpec follower,
        IReadOnlyList<string> instances,
        CancellationToken cancellationToken)
    {
        await AddAsync(connection, workflow, runId, follower, instances, [.. follower.Needs], follower.ForEach, cancellationToken);

        await connection.ExecuteAsync(
            """
            UPDATE radar.task_runs SET state = 'succeeded', started_at = now(), ended_at = now(), progress = 1, reason = $3
            WHERE  run_id = $1 AND task = $2 AND state = 'pending'
            """,
            [runId, follower.Name, $"one for each {follower.ForEach}: {instances.Count}"], cancellationToken);
        foreach (var next in workflow.Tasks.Where(t => t.ForEach == follower.Name))
        {
            await FollowAsync(connection, workflow, runId, next, instances, cancellationToken);
        }
    }

    private static Task<int> AddAsync(
        NpgsqlConnection connection,
        Workflow workflow,
        long runId,
        TaskSpec spec,
        IReadOnlyList<string> instances,
        string[] needs,
        string? eachOf,
        CancellationToken cancellationToken) =>
        connection.ExecuteAsync(
            """
            INSERT INTO radar.task_runs (run_id, task, template, instance, ordinal, needs, runs_when, queue)
            SELECT $1, $2 || '[' || i || ']', $2, i, $3, $4 || CASE WHEN $5::text IS NULL THEN '{}' ELSE ARRAY[$5 || '[' || i || ']'] END, $6, $7
            FROM   unnest($8::text[]) WITH ORDINALITY AS each(i, place) ORDER BY place
            ON CONFLICT (run_id, task) DO NOTHING
            """,
            [runId, spec.Name, workflow.Tasks.ToList().IndexOf(spec), needs, eachOf, spec.When.Word(), spec.Queue, instances.ToArray()],
            cancellationToken);
}
