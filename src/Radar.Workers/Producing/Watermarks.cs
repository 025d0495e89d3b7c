using Npgsql;
using Radar.Market;

namespace Radar.Workers.Producing;

/// <summary>How far something has come, in <c>radar.watermarks</c>.</summary>
/// <param name="Value">Open time of the last candle, milliseconds UTC.</param>
/// <param name="Detail">Which incarnation of the topic that is true of.</param>
internal sealed record Watermark(long Value, string Detail);

/// <summary>Reads and moves watermarks; moving one proves the fence.</summary>
internal sealed class Watermarks(NpgsqlDataSource source, Fence fence)
{
    public async Task<Watermark?> FindAsync(string name, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("SELECT value, detail FROM radar.watermarks WHERE name = $1");
        command.Parameters.Add(new() { Value = name });
        await using var row = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        return await row.ReadAsync(cancellationToken).ConfigureAwait(false) ? new Watermark(row.GetInt64(0), row.GetString(1)) : null;
    }

    /// <exception cref="FencedException">A newer epoch holds the lease.</exception>
    public async Task StoreAsync(string name, Watermark watermark, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("""
            WITH held AS (SELECT FROM radar.leases WHERE name = $1 AND epoch = $2 FOR KEY SHARE)
            INSERT INTO radar.watermarks (name, value, detail) SELECT $3, $4, $5 FROM held
            ON CONFLICT (name) DO UPDATE SET value = excluded.value, detail = excluded.detail, updated_at = now()
            RETURNING 1
            """);
        command.Parameters.Add(new() { Value = fence.Lease });
        command.Parameters.Add(new() { Value = fence.Epoch });
        command.Parameters.Add(new() { Value = name });
        command.Parameters.Add(new() { Value = watermark.Value });
        command.Parameters.Add(new() { Value = watermark.Detail });
        if (await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is null)
        {
            throw new FencedException(fence);
        }
    }
}
