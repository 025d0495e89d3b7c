using System.Globalization;
using Npgsql;

namespace Radar.Scheduler.Cli.DeadLetters;

/// <summary>A dead letter was sent back.</summary>
/// <param name="At">When, UTC.</param>
/// <param name="IsSent">Whether the broker said that it has it; otherwise the sending was cut off, and it may have it or not.</param>
internal sealed record Replay(DateTime At, bool IsSent)
{
    public override string ToString() =>
        At.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) + (IsSent ? "" : " (cut off: sent or not)");
}

/// <summary>Which dead letters were sent back, in <c>radar.dead_letter_replays</c>.</summary>
internal sealed class ReplayBook(NpgsqlDataSource database)
{
    /// <summary>Whether one was, and when.</summary>
    public async Task<Replay?> FindAsync(DeadLetter letter, CancellationToken cancellationToken)
    {
        await using var command = Command("SELECT at, sent FROM radar.dead_letter_replays WHERE topic = $1 AND partition = $2 AND record_offset = $3 AND timestamp_ms = $4", [letter]);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? new Replay(reader.GetFieldValue<DateTime>(0), reader.GetBoolean(1)) : null;
    }

    /// <summary>Writes down that some are about to be sent.</summary>
    /// <param name="letters">Which.</param>
    /// <param name="again">Also those that were before.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>Those that are to be sent now: nobody else sends them.</returns>
    public async Task<IReadOnlyList<DeadLetter>> BeginAsync(IReadOnlyList<DeadLetter> letters, bool again, CancellationToken cancellationToken)
    {
        await using var command = Command($"""
            INSERT INTO radar.dead_letter_replays AS r (topic, partition, record_offset, timestamp_ms)
            SELECT DISTINCT * FROM unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[])
            ON CONFLICT (topic, partition, record_offset, timestamp_ms) {(again ? "DO UPDATE SET sent = false, at = now()" : "DO NOTHING")}
            RETURNING topic, partition, record_offset, timestamp_ms
            """, letters, arrays: true);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var ours = new HashSet<(string, int, long, long)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            ours.Add((reader.GetString(0), reader.GetInt32(1), reader.GetInt64(2), reader.GetInt64(3)));
        }
        return [.. letters.Where(letter => ours.Remove((letter.Topic, letter.Partition, letter.Offset, letter.Timestamp)))]; // One that was set aside twice is one.
    }

    /// <summary>The broker has some.</summary>
    public Task EndAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellationToken) => ChangeAsync("UPDATE radar.dead_letter_replays r SET sent = true, at = now()", "FROM", letters, cancellationToken);

    /// <summary>Some were not sent after all.</summary>
    public Task ForgetAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellationToken) => ChangeAsync("DELETE FROM radar.dead_letter_replays r", "USING", letters, cancellationToken);

    private async Task ChangeAsync(string change, string with, IReadOnlyList<DeadLetter> letters, CancellationToken cancellationToken)
    {
        await using var command = Command($"""
            {change} {with} unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[]) AS l (topic, partition, record_offset, timestamp_ms)
            WHERE r.topic = l.topic AND r.partition = l.partition AND r.record_offset = l.record_offset AND r.timestamp_ms = l.timestamp_ms
            """, letters, arrays: true);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private NpgsqlCommand Command(string sql, IReadOnlyList<DeadLetter> letters, bool arrays = false)
    {
        var command = database.CreateCommand(sql);
        object[] values = arrays
            ? [letters.Select(l => l.Topic).ToArray(), letters.Select(l => l.Partition).ToArray(), letters.Select(l => l.Offset).ToArray(), letters.Select(l => l.Timestamp).ToArray()]
            : [letters[0].Topic, letters[0].Partition, letters[0].Offset, letters[0].Timestamp];
        foreach (var value in values)
        {
            command.Parameters.Add(new() { Value = value });
        }
        return command;
    }
}
