using Npgsql;
using NpgsqlTypes;
using Radar.Market.Candles;
using Radar.Market.Models;
using Radar.Market.Storage;

namespace Radar.Market.Predictions;

/// <summary>
/// The prediction columns of a coin's table, and the offsets that belong to them. A write is one transaction: fence, predictions,
/// offsets. Writing the same again changes nothing.
/// </summary>
public sealed partial class PredictionStore(CandleTable table)
{
    private const int SmallBatch = 200;
    private const int MostTries = 5;

    /// <summary>The coin's table.</summary>
    public CandleTable Table => table;

    /// <summary>Gives the table the columns of these versions where it lacks them. The table must exist.</summary>
    public Task EnsureAsync(IEnumerable<ModelId> models, CancellationToken cancellationToken) =>
        table.EnsurePredictionColumnsAsync([.. models.Select(Own)], cancellationToken);

    /// <summary>Stores what one version says, with the offsets it came from.</summary>
    /// <param name="model">The version.</param>
    /// <param name="predictions">May be empty, when there are only offsets to move.</param>
    /// <param name="fence">Proof that the caller may write, checked inside the transaction; null for callers without a lease.</param>
    /// <param name="offsets">Stored in the same transaction; may be empty.</param>
    /// <param name="onlyMissing">Leave predictions that are there as they are.</param>
    /// <param name="cancellationToken">Rolls everything back.</param>
    /// <returns>How many candles were given their prediction; fewer than sent when a candle is not in the table (or had it already).</returns>
    /// <exception cref="FencedException">A newer epoch holds the lease; nothing was written.</exception>
    public async Task<int> WriteAsync(
        ModelId model,
        IReadOnlyList<Prediction> predictions,
        Fence? fence,
        IReadOnlyList<OffsetMark> offsets,
        bool onlyMissing = false,
        CancellationToken cancellationToken = default) =>
        await InTransactionAsync(
            fence, offsets, null, async c => await UpdateAsync(c, model, predictions, onlyMissing, cancellationToken).ConfigureAwait(false), cancellationToken)
            .ConfigureAwait(false) ?? 0;

    /// <summary>
    /// Stores what one version says of candles as they come, with the offsets they came from: all of it, or nothing at all where the table is not what it was
    /// made from, since a candle is not in it, or others were changed or filled in meanwhile.
    /// </summary>
    /// <param name="model">The version.</param>
    /// <param name="predictions">May be empty, when there are only offsets to move.</param>
    /// <param name="fence">Proof that the caller may write, checked inside the transaction; null for callers without a lease.</param>
    /// <param name="offsets">Stored in the same transaction; may be empty.</param>
    /// <param name="changes"><see cref="CandleTable.ChangesAsync"/> from before the history was read that they were made from.</param>
    /// <param name="cancellationToken">Rolls everything back.</param>
    /// <returns>Whether it was stored.</returns>
    /// <exception cref="FencedException">A newer epoch holds the lease; nothing was written.</exception>
    public async Task<bool> WriteAllAsync(
        ModelId model, IReadOnlyList<Prediction> predictions, Fence? fence, IReadOnlyList<OffsetMark> offsets, long changes, CancellationToken cancellationToken) =>
        await InTransactionAsync(
            fence,
            offsets,
            predictions.Count == 0 ? null : changes,
            async c => await UpdateAsync(c, model, predictions, onlyMissing: false, cancellationToken).ConfigureAwait(false) == predictions.Count
                ? predictions.Count
                : null,
            cancellationToken).ConfigureAwait(false) is not null;

    /// <summary>Stores what several versions say, all in one write.</summary>
    /// <inheritdoc cref="WriteAsync(ModelId, IReadOnlyList{Prediction}, Fence?, IReadOnlyList{OffsetMark}, bool, CancellationToken)"/>
    public async Task<int> WriteAsync(
        PredictionRows rows,
        Fence? fence,
        IReadOnlyList<OffsetMark> offsets,
        bool onlyMissing = false,
        CancellationToken cancellationToken = default) =>
        await InTransactionAsync(
            fence, offsets, null, async c => await UpdateManyAsync(c, rows, onlyMissing, cancellationToken).ConfigureAwait(false), cancellationToken)
            .ConfigureAwait(false) ?? 0;

    /// <summary>Stores what is missing, unless candles were changed or filled in since <paramref name="changes"/>.</summary>
    /// <returns>Whether the candles are those it was made from.</returns>
    internal async Task<bool> FillAsync(PredictionRows rows, Fence? fence, long changes, CancellationToken cancellationToken) =>
        await InTransactionAsync(
            fence, [], changes, async c => await UpdateManyAsync(c, rows, onlyMissing: true, cancellationToken).ConfigureAwait(false), cancellationToken)
            .ConfigureAwait(false) is not null;

    /// <summary>The offsets a consumer has stored for a topic, of whatever incarnation.</summary>
    public async Task<IReadOnlyList<OffsetMark>> ReadOffsetsAsync(string workerId, string topic, CancellationToken cancellationToken)
    {
        await using var command = table.Source.CreateCommand("""
            SELECT partition, incarnation, next_offset FROM radar.consumer_offsets WHERE worker_id = $1 AND topic = $2 ORDER BY partition
            """);
        command.Parameters.Add(new NpgsqlParameter { Value = workerId });
        command.Parameters.Add(new NpgsqlParameter { Value = topic });
        var marks = new List<OffsetMark>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            marks.Add(new OffsetMark(workerId, topic, reader.GetInt32(0), reader.GetString(1), reader.GetInt64(2)));
        }
        return marks;
    }

    private string Own(ModelId model) => model.Crypto == table.Symbol
        ? model.Column
        : throw new ArgumentException($"Model {model} does not belong to the table of {table.Symbol}.");

    // Consumers of other versions update the same rows; where two meet in different orders PostgreSQL ends one of them, which tries again.
    // Null: nothing was stored, since candles have changed or the update would have it so.
    private async Task<int?> InTransactionAsync(
        Fence? fence, IReadOnlyList<OffsetMark> offsets, long? changes, Func<NpgsqlConnection, Task<int?>> update, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                await using var transaction = await FencedTransaction.BeginAsync(table.Source, fence, cancellationToken).ConfigureAwait(false);
                if ((changes is { } seen && await table.HoldChangesAsync(transaction.Connection, cancellationToken).ConfigureAwait(false) != seen)
                    || await update(transaction.Connection).ConfigureAwait(false) is not { } updated)
                {
                    return null;
                }
                foreach (var offset in offsets)
                {
                    await StoreOffsetAsync(transaction.Connection, offset, cancellationToken).ConfigureAwait(false);
                }
                await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
                return updated;
            }
            catch (PostgresException conflict) when (tries < MostTries
                && conflict.SqlState is PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure)
            {
            }
        }
    }

    private Task<int> UpdateAsync(
        NpgsqlConnection connection, ModelId model, IReadOnlyList<Prediction> predictions, bool onlyMissing, CancellationToken cancellationToken)
    {
        if (predictions.Count <= SmallBatch)
        {
            return UpdateFewAsync(connection, Own(model), predictions, onlyMissing, cancellationToken);
        }
        var rows = new PredictionRows([model]);
        foreach (var p in predictions)
        {
            rows.Set(rows.Add(p.OpenTime), 0, [p.Sell, p.Hold, p.Buy]);
        }
        return UpdateManyAsync(connection, rows, onlyMissing, cancellationToken);
    }

    private async Task<int> UpdateFewAsync(
        NpgsqlConnection connection, string column, IReadOnlyList<Prediction> predictions, bool onlyMissing, CancellationToken cancellationToken)
    {
        if (predictions.Count == 0)
        {
            return 0;
        }
        await using var command = new NpgsqlCommand($"""
            UPDATE {table.Name} AS t SET "{column}" = ARRAY[s.sell, s.hold, s.buy]
            FROM unnest($1, $2, $3, $4) AS s(open_time, sell, hold, buy)
            WHERE t.open_time = s.open_time {(onlyMissing ? $"AND t.\"{column}\" IS NULL" : "")}
            """, connection);
        Add(NpgsqlDbType.Timestamp, p => CandleTime.ToDateTime(p.OpenTime));
        Add(NpgsqlDbType.Double, p => p.Sell);
        Add(NpgsqlDbType.Double, p => p.Hold);
        Add(NpgsqlDbType.Double, p => p.Buy);
        await command.PrepareAsync(cancellationToken).ConfigureAwait(false);
        return await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);

        void Add<T>(NpgsqlDbType type, Func<Prediction, T> part) =>
            command.Parameters.Add(new NpgsqlParameter { Value = predictions.Select(part).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | type });
    }

    private static async Task StoreOffsetAsync(NpgsqlConnection connection, OffsetMark mark, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("""
            INSERT INTO radar.consumer_offsets (worker_id, topic, partition, incarnation, next_offset) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (worker_id, topic, partition)
            DO UPDATE SET incarnation = excluded.incarnation, next_offset = excluded.next_offset, updated_at = now()
            """, connection)
        {
            Parameters =
            {
                new() { Value = mark.WorkerId }, new() { Value = mark.Topic }, new() { Value = mark.Partition },
                new() { Value = mark.Incarnation }, new() { Value = mark.NextOffset },
            },
        };
        await command.PrepareAsync(cancellationToken).ConfigureAwait(false);
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }
}
