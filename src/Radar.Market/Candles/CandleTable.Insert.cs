using Npgsql;
using NpgsqlTypes;
using Radar.Market.Storage;

namespace Radar.Market.Candles;

/// <summary>What an insert did.</summary>
/// <param name="Added">Candles that were not there before.</param>
/// <param name="Changed">Candles that were there with other values and now have the sent ones. Predictions made from the old ones are gone.</param>
public readonly record struct InsertResult(int Added, int Changed);

public sealed partial class CandleTable
{
    private const int SmallBatch = 500;
    private const int MostTries = 5;
    private const string Columns =
        "open_time, open, high, low, close, volume, close_time, quote_asset_volume, trades, taker_base, taker_quote, ignore";

    private const string CreateStaging = """
        CREATE TEMPORARY TABLE radar_candles (
          open_time timestamp, open double precision, high double precision, low double precision, close double precision,
          volume double precision, close_time timestamp, quote_asset_volume double precision, trades bigint,
          taker_base double precision, taker_quote double precision, ignore bigint
        ) ON COMMIT DROP
        """;

    /// <summary>
    /// Stores candles in one transaction. A candle that is there already is left alone, or, when its values differ, gets the new ones.
    /// What a candle does not tell (see <see cref="Candle"/>) never replaces what is known. Predictions that a changed candle had a part in are emptied, and
    /// counted is what followers of the newest candle would not see (<see cref="ChangesAsync"/>).
    /// </summary>
    /// <param name="candles">In any order; of two with the same open time the later one counts.</param>
    /// <param name="fence">Proof that the caller may write, checked inside the transaction; null for callers without a lease.</param>
    /// <param name="cancellationToken">Rolls everything back.</param>
    /// <exception cref="FencedException">A newer epoch holds the lease; nothing was written.</exception>
    public async Task<InsertResult> InsertAsync(IReadOnlyList<Candle> candles, Fence? fence, CancellationToken cancellationToken)
    {
        if (candles.Count == 0)
        {
            return default;
        }
        candles = Distinct(candles);
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await InsertOnceAsync(candles, fence, cancellationToken).ConfigureAwait(false);
            }
            catch (PostgresException conflict) when (tries < MostTries && conflict.SqlState == PostgresErrorCodes.DeadlockDetected)
            {
                // Consumers that stored predictions of candles which this corrects; the one that was ended tries again.
            }
        }
    }

    private async Task<InsertResult> InsertOnceAsync(IReadOnlyList<Candle> candles, Fence? fence, CancellationToken cancellationToken)
    {
        await using var transaction = await FencedTransaction.BeginAsync(_source, fence, cancellationToken).ConfigureAwait(false);
        await using var command = new NpgsqlCommand { Connection = transaction.Connection };
        if (candles.Count <= SmallBatch)
        {
            command.CommandText = Upsert(
                "unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) AS s(" + Columns + ")");
            AddArrays(command, candles);
            await command.PrepareAsync(cancellationToken).ConfigureAwait(false);
        }
        else
        {
            await transaction.ExecuteAsync(CreateStaging, cancellationToken).ConfigureAwait(false);
            await CopyAsync(transaction.Connection, candles, cancellationToken).ConfigureAwait(false);
            command.CommandText = Upsert("radar_candles");
        }
        InsertResult result;
        (DateTime First, DateTime Last)? changed;
        bool older;
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false))
        {
            await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            result = new InsertResult((int)reader.GetInt64(0), (int)reader.GetInt64(1));
            changed = result.Changed == 0 ? null : (reader.GetDateTime(2), reader.GetDateTime(3));
            older = reader.GetBoolean(4);
        }
        if (older || changed is not null)
        {
            await CountChangeAsync(transaction, cancellationToken).ConfigureAwait(false);
        }
        if (changed is { } rows)
        {
            await EmptyPredictionsAsync(transaction, rows.First, rows.Last, cancellationToken).ConfigureAwait(false);
        }
        await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
        return result;
    }

    // xmax is 0 on a row that this statement inserted, and not on one that it updated. The newest candle is the one before this statement.
    private string Upsert(string from) => $"""
        WITH stored AS (
          INSERT INTO {Name} AS t ({Columns})
          SELECT {Columns} FROM {from} ORDER BY open_time
          ON CONFLICT (open_time) DO UPDATE SET
            open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close, volume = excluded.volume,
            close_time = coalesce(excluded.close_time, t.close_time),
            quote_asset_volume = coalesce(excluded.quote_asset_volume, t.quote_asset_volume), trades = coalesce(excluded.trades, t.trades),
            taker_base = coalesce(excluded.taker_base, t.taker_base), taker_quote = coalesce(excluded.taker_quote, t.taker_quote),
            ignore = coalesce(excluded.ignore, t.ignore)
          WHERE (t.open, t.high, t.low, t.close, t.volume, t.close_time, t.quote_asset_volume, t.trades, t.taker_base, t.taker_quote, t.ignore)
            IS DISTINCT FROM (excluded.open, excluded.high, excluded.low, excluded.close, excluded.volume,
              coalesce(excluded.close_time, t.close_time), coalesce(excluded.quote_asset_volume, t.quote_asset_volume),
              coalesce(excluded.trades, t.trades), coalesce(excluded.taker_base, t.taker_base), coalesce(excluded.taker_quote, t.taker_quote),
              coalesce(excluded.ignore, t.ignore))
          RETURNING t.open_time, (t.xmax = 0) AS added)
        SELECT count(*) FILTER (WHERE added), count(*) FILTER (WHERE NOT added),
          min(open_time) FILTER (WHERE NOT added), max(open_time) FILTER (WHERE NOT added),
          coalesce(min(open_time) FILTER (WHERE added) < (SELECT max(open_time) FROM {Name}), false)
        FROM stored
        """;

    private static void AddArrays(NpgsqlCommand command, IReadOnlyList<Candle> candles)
    {
        Add(NpgsqlDbType.Timestamp, c => CandleTime.ToDateTime(c.OpenTime));
        Add(NpgsqlDbType.Double, c => c.Open);
        Add(NpgsqlDbType.Double, c => c.High);
        Add(NpgsqlDbType.Double, c => c.Low);
        Add(NpgsqlDbType.Double, c => c.Close);
        Add(NpgsqlDbType.Double, c => c.Volume);
        Add(NpgsqlDbType.Timestamp, c => c.CloseTime == 0 ? (DateTime?)null : CandleTime.ToDateTime(c.CloseTime));
        Add(NpgsqlDbType.Double, c => Known(c.QuoteVolume));
        Add(NpgsqlDbType.Bigint, c => c.Trades);
        Add(NpgsqlDbType.Double, c => Known(c.TakerBase));
        Add(NpgsqlDbType.Double, c => Known(c.TakerQuote));
        Add(NpgsqlDbType.Bigint, c => c.Ignore);

        void Add<T>(NpgsqlDbType type, Func<Candle, T> column) =>
            command.Parameters.Add(new NpgsqlParameter { Value = candles.Select(column).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | type });

        static double? Known(double value) => double.IsNaN(value) ? null : value;
    }

    private static async Task CopyAsync(NpgsqlConnection connection, IReadOnlyList<Candle> candles, CancellationToken cancellationToken)
    {
        await using var stream = await connection
            .BeginRawBinaryCopyAsync($"COPY radar_candles ({Columns}) FROM STDIN (FORMAT binary)", cancellationToken).ConfigureAwait(false);
        var writer = new BinaryCopyWriter(stream);
        writer.Start();
        foreach (var candle in candles)
        {
            Write(writer, candle);
            await writer.FlushIfFullAsync(cancellationToken).ConfigureAwait(false);
        }
        await writer.EndAsync(cancellationToken).ConfigureAwait(false);
    }

    private static void Write(BinaryCopyWriter writer, in Candle candle)
    {
        writer.Row(12);
        writer.Timestamp(candle.OpenTime);
        writer.Double(candle.Open);
        writer.Double(candle.High);
        writer.Double(candle.Low);
        writer.Double(candle.Close);
        writer.Double(candle.Volume);
        if (candle.CloseTime == 0)
        {
            writer.Null();
        }
        else
        {
            writer.Timestamp(candle.CloseTime);
        }
        writer.Known(candle.QuoteVolume);
        writer.Int64(candle.Trades);
        writer.Known(candle.TakerBase);
        writer.Known(candle.TakerQuote);
        writer.Int64(candle.Ignore);
    }

    private static IReadOnlyList<Candle> Distinct(IReadOnlyList<Candle> candles)
    {
        for (var i = 1; i < candles.Count; i++)
        {
            if (candles[i].OpenTime <= candles[i - 1].OpenTime)
            {
                return [.. candles.GroupBy(c => c.OpenTime).Select(g => g.Last()).OrderBy(c => c.OpenTime)];
            }
        }
        return candles;
    }
}
