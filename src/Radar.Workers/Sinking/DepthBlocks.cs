using Npgsql;
using Radar.Market;

namespace Radar.Workers.Sinking;

/// <summary>What a sink took over with a partition.</summary>
/// <param name="Claim">Proof that the partition is ours.</param>
/// <param name="First">First offset of a block that may or may not be stored; null: there is none.</param>
/// <param name="Last">The last offset that was ever in a block; null: there was none.</param>
/// <param name="BeganAnew">Whether blocks are known of an earlier topic of that name: of this one none is, whatever the group was told.</param>
internal sealed record ClaimedPartition(long Claim, long? First, long? Last, bool BeganAnew);

/// <summary>Another sink has the partition.</summary>
internal sealed class PartitionLostException(int partition) : Exception($"Partition {partition} belongs to another sink.");

/// <summary>The blocks of order books in <c>radar.depth_blocks</c>: each is written down before it is inserted.</summary>
internal sealed class DepthBlocks(NpgsqlDataSource database, string topic, string incarnation, Fence fence)
{
    /// <summary>Takes a partition over.</summary>
    public async Task<ClaimedPartition> ClaimAsync(int partition, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            WITH before AS (SELECT incarnation FROM radar.depth_blocks WHERE topic = $1 AND partition = $2)
            INSERT INTO radar.depth_blocks AS b (topic, partition, incarnation, owner, claim) VALUES ($1, $2, $3, $4, 1)
            ON CONFLICT (topic, partition) DO UPDATE SET
              owner = excluded.owner, claim = b.claim + 1, incarnation = excluded.incarnation,
              first_offset = CASE WHEN b.incarnation = excluded.incarnation THEN b.first_offset END,
              last_offset = CASE WHEN b.incarnation = excluded.incarnation THEN b.last_offset END,
              stored = b.stored OR b.incarnation <> excluded.incarnation
            RETURNING claim, CASE WHEN NOT stored THEN first_offset END, last_offset, coalesce((SELECT incarnation FROM before) <> $3, false)
            """);
        Add(command, topic, partition, incarnation, $"{fence.Lease}#{fence.Epoch}");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        return new ClaimedPartition(reader.GetInt64(0), Number(reader, 1), Number(reader, 2), reader.GetBoolean(3));
    }

    /// <summary>Writes a block down, before it is inserted. What came before it is stored.</summary>
    /// <returns>Its token.</returns>
    /// <exception cref="PartitionLostException">Another sink has taken the partition over.</exception>
    public async Task<string> BeginAsync(int partition, long claim, long first, long last, CancellationToken cancellationToken)
    {
        var token = $"{topic}/{incarnation}/{partition}/{first}-{last}";
        await using var command = database.CreateCommand("""
            UPDATE radar.depth_blocks SET first_offset = $4, last_offset = $5, token = $6, epoch = $7, stored = false, at = now()
            WHERE  topic = $1 AND partition = $2 AND claim = $3
            """);
        Add(command, topic, partition, claim, first, last, token, fence.Epoch);
        return await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false) == 1 ? token : throw new PartitionLostException(partition);
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
