using Npgsql;

namespace Radar.Scheduler.Cli;

/// <summary>Workers and runs as the command line shows them.</summary>
internal static class FleetTable
{
    private const string Workers = """
        SELECT worker_id, desired, actual, coalesce(pid, 0), epoch, coalesce(agent, ''), restarts,
               coalesce(extract(epoch FROM now() - heartbeat_at), -1)::float8, coalesce(activity, ''), coalesce(error, '')
        FROM   radar.workers ORDER BY worker_id
        """;

    private const string Runs = """
        SELECT run_id, workflow, state, cause, requested_by, created_at, coalesce(extract(epoch FROM coalesce(ended_at, now()) - created_at), 0)::float8,
               coalesce(reason, '')
        FROM   radar.workflow_runs ORDER BY run_id DESC LIMIT 20
        """;

    /// <summary>Every worker.</summary>
    public static Task<List<WorkerLine>> WorkersAsync(NpgsqlDataSource database, CancellationToken cancellationToken) => ReadAsync(
        database,
        Workers,
        row => new WorkerLine(
            row.GetString(0), row.GetString(1), row.GetString(2), row.GetInt32(3), row.GetInt64(4), row.GetString(5), row.GetInt32(6), row.GetDouble(7),
            row.GetString(8), row.GetString(9)),
        cancellationToken);

    /// <summary>The newest runs.</summary>
    public static Task<List<RunLine>> RunsAsync(NpgsqlDataSource database, CancellationToken cancellationToken) => ReadAsync(
        database,
        Runs,
        row => new RunLine(
            row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4), row.GetDateTime(5), row.GetDouble(6), row.GetString(7)),
        cancellationToken);

    /// <summary>Shows workers.</summary>
    public static void Write(IEnumerable<WorkerLine> workers) => TextTable.Write(
        ["worker", "desired", "actual", "pid", "epoch", "restarts", "heartbeat", "doing"],
        workers.Select(worker => (string[])
            [worker.Id, worker.Desired, worker.Actual, worker.Pid == 0 ? "" : $"{worker.Pid}", $"{worker.Epoch}", $"{worker.Restarts}",
             worker.HeartbeatAge < 0 ? "" : $"{worker.HeartbeatAge:0} s ago", worker.Error.Length > 0 ? worker.Error : worker.Activity]));

    /// <summary>Shows runs.</summary>
    public static void Write(IEnumerable<RunLine> runs) => TextTable.Write(
        ["run", "workflow", "state", "cause", "by", "at (UTC)", "seconds", "reason"],
        runs.Select(run => (string[])
            [$"{run.Id}", run.Workflow, run.State, run.Cause, run.By, $"{run.At:yyyy-MM-dd HH:mm:ss}", $"{run.Seconds:0.0}", run.Reason]));

    private static async Task<List<T>> ReadAsync<T>(
        NpgsqlDataSource database, string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(read(reader));
        }
        return rows;
    }
}

/// <summary>A worker in one line.</summary>
internal sealed record WorkerLine(
    string Id, string Desired, string Actual, int Pid, long Epoch, string Agent, int Restarts, double HeartbeatAge, string Activity, string Error);

/// <summary>A run in one line.</summary>
internal sealed record RunLine(long Id, string Workflow, string State, string Cause, string By, DateTime At, double Seconds, string Reason);
