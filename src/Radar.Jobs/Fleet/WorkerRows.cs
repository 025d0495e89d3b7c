using System.Text.Json;
using Npgsql;

namespace Radar.Jobs.Fleet;

/// <summary>Rows of <c>radar.workers</c> as snapshots.</summary>
internal static class WorkerRows
{
    public const string Columns = """
        worker_id, kind, desired, desired_by, desired_at, actual, actual_at, agent, pid, process_start, boot_id, epoch, heartbeat_at, restarts,
        next_start_at, activity, error, figures::text, settings::text
        """;

    public static async Task<IReadOnlyList<WorkerSnapshot>> ReadAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand($"SELECT {Columns} FROM radar.workers ORDER BY worker_id COLLATE \"C\"");
        return await ReadAsync(command, cancellationToken).ConfigureAwait(false);
    }

    public static async Task<WorkerSnapshot?> FindAsync(NpgsqlDataSource source, WorkerId id, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand($"SELECT {Columns} FROM radar.workers WHERE worker_id = $1");
        command.Parameters.Add(new() { Value = id.Value });
        var found = await ReadAsync(command, cancellationToken).ConfigureAwait(false);
        return found.Count == 0 ? null : found[0];
    }

    public static async Task<IReadOnlyList<WorkerSnapshot>> ReadAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        var workers = new List<WorkerSnapshot>();
        await using var row = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        while (await row.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            workers.Add(new WorkerSnapshot
            {
                Id = new WorkerId(row.GetString(0)),
                Kind = row.GetString(1),
                Desired = WorkerStates.ParseDesired(row.GetString(2)),
                DesiredBy = row.GetString(3),
                DesiredAt = Time(row, 4)!.Value,
                Actual = WorkerStates.ParseState(row.GetString(5)),
                ActualAt = Time(row, 6)!.Value,
                Agent = Text(row, 7),
                Pid = row.IsDBNull(8) ? null : row.GetInt32(8),
                ProcessStart = row.IsDBNull(9) ? null : row.GetInt64(9),
                Machine = Text(row, 10),
                Epoch = row.GetInt64(11),
                HeartbeatAt = Time(row, 12),
                Restarts = row.GetInt32(13),
                NextStartAt = Time(row, 14),
                Activity = Text(row, 15),
                Error = Text(row, 16),
                Figures = row.GetString(17),
                Settings = JsonSerializer.Deserialize<Dictionary<string, string>>(row.GetString(18)) ?? [],
            });
        }
        return workers;
    }

    private static string? Text(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private static DateTimeOffset? Time(NpgsqlDataReader row, int column) =>
        row.IsDBNull(column) ? null : new DateTimeOffset(row.GetDateTime(column), TimeSpan.Zero);
}
