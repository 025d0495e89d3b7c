using Npgsql;
using Radar.Market.Storage;

namespace Radar.Market.Candles;

/// <summary>
/// One coin's table, <c>public.btcusdt</c>: a row per candle keyed by <c>open_time</c> (timestamp without zone, UTC), prices, prediction
/// columns, and after those, nullable, the kline's remaining columns. <c>close_time</c> is a timestamp like <c>open_time</c>.
/// Every method is safe to repeat.
/// </summary>
public sealed partial class CandleTable
{
    // A candle grows from about 110 bytes to 400 while its six predictions come in one by one. The room left in its page keeps
    // those updates inside the page, so that they touch no index.
    private const int FillFactor = 25;

    private readonly NpgsqlDataSource _source;

    /// <exception cref="ArgumentException">The symbol is not 2 to 20 capital letters and digits.</exception>
    public CandleTable(NpgsqlDataSource source, string symbol)
    {
        _source = source;
        Symbol = Market.Symbol.Check(symbol);
        Name = $"public.\"{Symbol.ToLowerInvariant()}\"";
    }

    /// <summary>The market, such as <c>BTCUSDT</c>.</summary>
    public string Symbol { get; }

    /// <summary>The table's quoted name with its schema, for SQL.</summary>
    internal string Name { get; }

    internal NpgsqlDataSource Source => _source;

    /// <summary>
    /// Creates the table, or gives an older one (the original's too) the columns it lacks. One process at a time, by an advisory lock;
    /// a table that has everything is not locked at all.
    /// </summary>
    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        await using var transaction = await FencedTransaction.BeginAsync(_source, null, cancellationToken).ConfigureAwait(false);
        await transaction.ExecuteAsync($"SELECT pg_advisory_xact_lock(hashtextextended('radar {Name}', 0))", cancellationToken).ConfigureAwait(false);
        await transaction.ExecuteAsync($"""
            CREATE TABLE IF NOT EXISTS {Name} (
              open_time          timestamp NOT NULL PRIMARY KEY,
              open               double precision,
              high               double precision,
              low                double precision,
              close              double precision,
              volume             double precision,
              tst_1              double precision[] DEFAULT NULL,
              tst_2              double precision[] DEFAULT NULL,
              tst_3              double precision[] DEFAULT NULL,
              lightgbm_1         double precision[] DEFAULT NULL,
              lightgbm_2         double precision[] DEFAULT NULL,
              lightgbm_3         double precision[] DEFAULT NULL,
              close_time         timestamp,
              quote_asset_volume double precision,
              trades             bigint,
              taker_base         double precision,
              taker_quote        double precision,
              ignore             bigint
            ) WITH (fillfactor = {FillFactor})
            """, cancellationToken).ConfigureAwait(false);
        await EnsureColumnsAsync(
            transaction,
            [
                ("close_time", "timestamp"), ("quote_asset_volume", "double precision"), ("trades", "bigint"),
                ("taker_base", "double precision"), ("taker_quote", "double precision"), ("ignore", "bigint"),
            ],
            cancellationToken).ConfigureAwait(false);
        await EnsureFillFactorAsync(transaction, cancellationToken).ConfigureAwait(false);
        await EnsureChangesAsync(transaction, cancellationToken).ConfigureAwait(false);
        await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Adds prediction columns that the table lacks: those of versions beyond the original's three.</summary>
    internal async Task EnsurePredictionColumnsAsync(IEnumerable<string> columns, CancellationToken cancellationToken)
    {
        await using var transaction = await FencedTransaction.BeginAsync(_source, null, cancellationToken).ConfigureAwait(false);
        await transaction.ExecuteAsync($"SELECT pg_advisory_xact_lock(hashtextextended('radar {Name}', 0))", cancellationToken).ConfigureAwait(false);
        await EnsureColumnsAsync(transaction, columns.Select(c => (c, "double precision[]")), cancellationToken).ConfigureAwait(false);
        await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
    }

    // ADD COLUMN IF NOT EXISTS locks out every reader even when there is nothing to add, so the catalogue is asked first.
    private async Task EnsureColumnsAsync(
        FencedTransaction transaction, IEnumerable<(string Name, string Type)> columns, CancellationToken cancellationToken)
    {
        var present = new HashSet<string>(StringComparer.Ordinal);
        await using (var command = new NpgsqlCommand(
            "SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped", transaction.Connection)
            { Parameters = { new() { Value = Name } } })
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false))
        {
            while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                present.Add(reader.GetString(0));
            }
        }
        foreach (var (name, type) in columns.Where(c => !present.Contains(c.Name)))
        {
            await transaction.ExecuteAsync($"ALTER TABLE {Name} ADD COLUMN IF NOT EXISTS \"{name}\" {type}", cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task EnsureFillFactorAsync(FencedTransaction transaction, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            "SELECT coalesce(reloptions::text, '') NOT LIKE '%fillfactor=%' FROM pg_class WHERE oid = $1::text::regclass", transaction.Connection)
        {
            Parameters = { new() { Value = Name } },
        };
        if (await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is true)
        {
            await transaction.ExecuteAsync($"ALTER TABLE {Name} SET (fillfactor = {FillFactor})", cancellationToken).ConfigureAwait(false);
        }
    }
}
