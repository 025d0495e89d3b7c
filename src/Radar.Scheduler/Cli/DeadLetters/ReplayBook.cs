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
    /// <returns>Those that are to be sent now, as nobody else sends them, with what was written of each before.</returns>
    public async Task<IReadOnlyList<(DeadLetter Letter, Replay? Before)>> BeginAsync(IReadOnlyList<DeadLetter> letters, bool again, CancellationToken cancellationToken)
    {
        await using var command = Command($"""
            WITH l AS (SELECT DISTINCT * FROM unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[]) AS l (topic, partition, record_offset, timestamp_ms)),
                 before AS (SELECT r.* FROM radar.dead_letter_replays r JOIN l USING (topic, partition, record_offset, timestamp_ms)),
                 begun AS (
                   INSERT INTO radar.dead_letter_replays AS r (topic, partition, record_offset, timestamp_ms) SELECT * FROM l
                   ON CONFLICT (topic, partition, record_offset, timestamp_ms) {(again ? "DO UPDATE SET sent = false, at = now()" : "DO NOTHING")}
                   RETURNING topic, partition, record_offset, timestamp_ms)
            SELECT b.topic, b.partition, b.record_offset, b.timestamp_ms, before.at, before.sent
            FROM   begun b LEFT JOIN before USING (topic, partition, record_offset, timestamp_ms)
            """, letters, arrays: true);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var ours = new Dictionary<(string, int, long, long), Replay?>();
        while (await reader.ReadAsync(cancellationToken))
        {
            ours.Add(
                (reader.GetString(0), reader.GetInt32(1), reader.GetInt64(2), reader.GetInt64(3)),
                reader.IsDBNull(4) ? null : new Replay(reader.GetFieldValue<DateTime>(4), reader.GetBoolean(5)));
        }
        var begun = new List<(DeadLetter, Replay?)>();
        foreach (var letter in letters)
        {
            // One that was set aside twice is one.
            if (ours.Remove((letter.Topic, letter.Partition, letter.Offset, letter.Timestamp), out var before))
            {
                begun.Add((letter, before));
            }
        }
        return begun;
    }

    /// <summary>The broker has some.</summary>
    public async Task EndAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellationToken)
    {
        await using var command = Command("""
            UPDATE radar.dead_letter_replays r SET sent = true, at = now()
            FROM   unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[]) AS l (topic, partition, record_offset, timestamp_ms)
            WHERE  r.topic = l.topic AND r.partition = l.partition AND r.record_offset = l.record_offset AND r.timestamp_ms = l.timestamp_ms
            """, letters, arrays: true);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>One was certainly not sent after all: what was written of it before is so again.</summary>
    public async Task TakeBackAsync(DeadLetter letter, Replay? before, CancellationToken cancellationToken)
    {
        const string Which = "WHERE topic = $1 AND partition = $2 AND record_offset = $3 AND timestamp_ms = $4";
        await using var command = Command($"{(before is null ? "DELETE FROM radar.dead_letter_replays" : "UPDATE radar.dead_letter_replays SET at = $5, sent = $6")} {Which}", [letter]);
        if (before is { } earlier)
        {
            command.Parameters.Add(new() { Value = earlier.At });
            command.Parameters.Add(new() { Value = earlier.IsSent });
        }
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
