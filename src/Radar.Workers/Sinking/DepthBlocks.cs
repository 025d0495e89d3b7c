using System.Globalization;
using Npgsql;
using Radar.Market;

namespace Radar.Workers.Sinking;

/// <summary>A block that was written down and may be in the table or not.</summary>
/// <param name="First">Its first offset.</param>
/// <param name="Last">Its last offset.</param>
/// <param name="Token">What the server knows it by, if it has it: whatever its records are now, they are stored once.</param>
internal sealed record OpenBlock(long First, long Last, string Token);

/// <summary>What a sink took over with a partition.</summary>
/// <param name="Claim">Proof that the partition is ours.</param>
/// <param name="Open">The block that may or may not be stored; null: there is none.</param>
/// <param name="Last">The last offset that was ever in a block, -1 of a topic that began anew; null: nothing is known.</param>
internal sealed record ClaimedPartition(long Claim, OpenBlock? Open, long? Last);

/// <summary>Another sink has the partition.</summary>
internal sealed class PartitionLostException(int partition) : Exception($"Partition {partition} belongs to another sink.");

/// <summary>The blocks of order books in <c>radar.depth_blocks</c>: each is written down before it is inserted.</summary>
internal sealed class DepthBlocks(NpgsqlDataSource database, string topic, string incarnation, Fence fence)
{
    /// <summary>Takes a partition over. Blocks of an earlier topic of that name are none of this one: it is read from its beginning, whatever the group was told.</summary>
    public async Task<ClaimedPartition> ClaimAsync(int partition, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            INSERT INTO radar.depth_blocks AS b (topic, partition, incarnation, owner, claim) VALUES ($1, $2, $3, $4, 1)
            ON CONFLICT (topic, partition) DO UPDATE SET
              owner = excluded.owner, claim = b.claim + 1, incarnation = excluded.incarnation,
              first_offset = CASE WHEN b.incarnation = excluded.incarnation THEN b.first_offset END,
              last_offset = CASE WHEN b.incarnation = excluded.incarnation THEN b.last_offset ELSE -1 END,
              stored = b.stored OR b.incarnation <> excluded.incarnation
            RETURNING claim, CASE WHEN NOT stored THEN first_offset END, last_offset, token
            """);
        Add(command, topic, partition, incarnation, $"{fence.Lease}#{fence.Epoch}");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        var last = Number(reader, 2);
        return new ClaimedPartition(reader.GetInt64(0), Number(reader, 1) is { } first ? new OpenBlock(first, last!.Value, reader.GetString(3)) : null, last);
    }

    /// <summary>The topic lost its end, as a broker does that loses its power: what has these offsets from now on was in no block yet.</summary>
    /// <param name="partition">Which partition.</param>
    /// <param name="claimed">What was taken over with it.</param>
    /// <param name="end">Where the topic ends now.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="PartitionLostException">Another sink has taken the partition over.</exception>
    public async Task<ClaimedPartition> CutAsync(int partition, ClaimedPartition claimed, long end, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            UPDATE radar.depth_blocks SET last_offset = least(last_offset, $4 - 1), stored = stored OR first_offset >= $4
            WHERE  topic = $1 AND partition = $2 AND claim = $3
            """);
        Add(command, topic, partition, claimed.Claim, end);
        return await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false) == 1
            ? claimed with { Open = claimed.Open is { } open && open.First < end ? open with { Last = Math.Min(open.Last, end - 1) } : null, Last = end - 1 }
            : throw new PartitionLostException(partition);
    }

    /// <summary>Writes a block down, before it is inserted. What came before it is stored.</summary>
    /// <returns>Its token: none that was ever given before, since offsets may come again.</returns>
    /// <exception cref="PartitionLostException">Another sink has taken the partition over.</exception>
    public async Task<string> BeginAsync(int partition, long claim, long first, long last, CancellationToken cancellationToken)
    {
        var token = string.Create(CultureInfo.InvariantCulture, $"{topic}/{incarnation}/{partition}/{claim}/{first}-{last}");
        await using var command = database.CreateCommand("""
            UPDATE radar.depth_blocks SET first_offset = $4, last_offset = $5, token = $6, epoch = $7, stored = false, at = now()
            WHERE  topic = $1 AND partition = $2 AND claim = $3
            """);
        Add(command, topic, partition, claim, first, last, token, fence.Epoch);
        return await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false) == 1 ? token : throw new PartitionLostException(partition);
    }

    /// <summary>The block that was taken over is made again, under the name that it has.</summary>
    /// <exception cref="PartitionLostException">Another sink has taken the partition over.</exception>
    public async Task BeginAgainAsync(int partition, long claim, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("UPDATE radar.depth_blocks SET epoch = $4, at = now() WHERE topic = $1 AND partition = $2 AND claim = $3");
        Add(command, topic, partition, claim, fence.Epoch);
        if (await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false) != 1)
        {
            throw new PartitionLostException(partition);
        }
    }

    /// <summary>A block is in the table.</summary>
    public async Task EndAsync(int partition, long claim, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("UPDATE radar.depth_blocks SET stored = true WHERE topic = $1 AND partition = $2 AND claim = $3");
        Add(command, topic, partition, claim);
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    private static long? Number(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetInt64(column);

    private static void Add(NpgsqlCommand command, params object[] values)
    {
        foreach (var value in values)
        {
            command.Parameters.Add(new() { Value = value });
        }
    }
}
