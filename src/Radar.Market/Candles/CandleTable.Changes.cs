using Npgsql;
using Radar.Market.Features;
using Radar.Market.Storage;

namespace Radar.Market.Candles;

public sealed partial class CandleTable
{
    // Beside the watermarks of topics, since it is one more number that only grows.
    private string ChangesName => $"changes/{Symbol}";

    /// <summary>
    /// How often candles that were there got other values, or ones older than the newest came in. Whoever follows the newest candle alone sees by this
    /// number that there is more to look at.
    /// </summary>
    public async Task<long> ChangesAsync(CancellationToken cancellationToken)
    {
        await using var command = _source.CreateCommand("SELECT value FROM radar.watermarks WHERE name = $1");
        command.Parameters.Add(new NpgsqlParameter { Value = ChangesName });
        return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) as long? ?? 0;
    }

    /// <summary>The same within a transaction, until whose end it stays so.</summary>
    internal async Task<long> HoldChangesAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT value FROM radar.watermarks WHERE name = $1 FOR SHARE", connection)
        {
            Parameters = { new() { Value = ChangesName } },
        };
        await command.PrepareAsync(cancellationToken).ConfigureAwait(false);
        return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) as long? ?? 0;
    }

    private async Task EnsureChangesAsync(FencedTransaction transaction, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            "INSERT INTO radar.watermarks (name, value) VALUES ($1, 0) ON CONFLICT (name) DO NOTHING", transaction.Connection)
        {
            Parameters = { new() { Value = ChangesName } },
        };
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    // From here on nobody stores what he made from the candles as they were.
    private async Task CountChangeAsync(FencedTransaction transaction, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("""
            INSERT INTO radar.watermarks (name, value) VALUES ($1, 1)
            ON CONFLICT (name) DO UPDATE SET value = radar.watermarks.value + 1, updated_at = now()
            """, transaction.Connection)
        {
            Parameters = { new() { Value = ChangesName } },
        };
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    // Every prediction that a corrected candle had a part in: its own, and those of the rows whose windows reach back to it.
    private async Task EmptyPredictionsAsync(FencedTransaction transaction, DateTime first, DateTime last, CancellationToken cancellationToken)
    {
        var columns = new List<string>();
        await using (var catalogue = new NpgsqlCommand(
            "SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped AND atttypid = 'float8[]'::regtype",
            transaction.Connection) { Parameters = { new() { Value = Name } } })
        await using (var reader = await catalogue.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false))
        {
            while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                columns.Add(reader.GetString(0));
            }
        }
        await using var command = new NpgsqlCommand($"""
            UPDATE {Name} SET {string.Join(", ", columns.Select(c => $"{c} = NULL"))}
            WHERE open_time >= $1 AND ({string.Join(" OR ", columns.Select(c => $"{c} IS NOT NULL"))})
              AND open_time <= (SELECT max(open_time) FROM (SELECT open_time FROM {Name} WHERE open_time >= $2 ORDER BY open_time LIMIT $3) AS c)
            """, transaction.Connection)
        {
            Parameters = { new() { Value = first }, new() { Value = last }, new() { Value = ModelInputStream.WarmUpRows + 1 } },
        };
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }
}
