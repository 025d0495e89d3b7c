using System.Runtime.CompilerServices;
using Npgsql;
using Radar.Market.Candles;
using Radar.Market.Models;
using Radar.Market.Storage;

namespace Radar.Market.Predictions;

/// <summary>A stretch of history in which predictions are missing, first and last included.</summary>
/// <param name="First">Open time of the first candle without one.</param>
/// <param name="Last">Open time of the last.</param>
/// <param name="Rows">Candles without one, of those in between.</param>
public readonly record struct MissingRange(long First, long Last, long Rows);

public sealed partial class PredictionStore
{
    /// <summary>Reads what a version has said, in order of time, a block at a time.</summary>
    public async IAsyncEnumerable<IReadOnlyList<Prediction>> ReadAsync(
        ModelId model, TimeRange range, int block = 10_000, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var column = Own(model);
        var classes = new double[PredictionModel.Classes];
        for (var from = range.From; from < range.To;)
        {
            var predictions = new List<Prediction>();
            var last = from;
            await using (var connection = await table.Source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false))
            await using (var stream = await connection.BeginRawBinaryCopyAsync($"""
                COPY (SELECT open_time, "{column}"::double precision[] FROM {table.Name}
                      WHERE {CandleTable.Within(range with { From = from })} AND "{column}" IS NOT NULL ORDER BY open_time LIMIT {block})
                TO STDOUT (FORMAT binary)
                """, cancellationToken).ConfigureAwait(false))
            {
                var reader = new BinaryCopyReader(stream);
                while (await reader.NextAsync(cancellationToken).ConfigureAwait(false))
                {
                    last = reader.Timestamp();
                    if (reader.Doubles(classes))
                    {
                        predictions.Add(Prediction.Of(last, classes));
                    }
                }
            }
            if (last == from)
            {
                yield break;
            }
            from = last + 1;
            yield return predictions;
        }
    }

    /// <summary>
    /// The stretches in which any of these versions lacks a prediction that it can have (that is, from row 33 or 30 of history on),
    /// oldest first. Stretches less than a week apart are one.
    /// </summary>
    public async Task<IReadOnlyList<MissingRange>> MissingRangesAsync(
        IReadOnlyList<(ModelId Id, ModelInput Input)> models, TimeRange range, CancellationToken cancellationToken)
    {
        var conditions = new List<string>();
        foreach (var (id, input) in models)
        {
            if (await FirstPredictableAsync(input, cancellationToken).ConfigureAwait(false) is { } first)
            {
                conditions.Add($"(\"{Own(id)}\" IS NULL AND open_time >= {CandleTime.Literal(first)})");
            }
        }
        var ranges = new List<MissingRange>();
        if (conditions.Count == 0)
        {
            return ranges;
        }
        await using var command = table.Source.CreateCommand($"""
            SELECT min(open_time), max(open_time), count(*) FROM (
              SELECT open_time, count(*) FILTER (WHERE jump) OVER (ORDER BY open_time) AS stretch FROM (
                SELECT open_time, open_time - lag(open_time) OVER (ORDER BY open_time) > interval '7 days' AS jump
                FROM {table.Name} WHERE open_time >= $1 AND open_time < $2 AND ({string.Join(" OR ", conditions)})) AS missing) AS stretches
            GROUP BY stretch ORDER BY 1
            """);
        CandleTable.AddRange(command, range);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            ranges.Add(new MissingRange(
                CandleTime.FromDateTime(reader.GetDateTime(0)), CandleTime.FromDateTime(reader.GetDateTime(1)), reader.GetInt64(2)));
        }
        return ranges;
    }

    /// <summary>First open time with a prediction of this version, and one beyond the last; null when there is none.</summary>
    public async Task<TimeRange?> BoundsAsync(ModelId model, CancellationToken cancellationToken)
    {
        await using var command = table.Source.CreateCommand($"""
            SELECT min(open_time), max(open_time) FROM {table.Name} WHERE "{Own(model)}" IS NOT NULL
            """);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        return reader.IsDBNull(0)
            ? null
            : new TimeRange(CandleTime.FromDateTime(reader.GetDateTime(0)), CandleTime.FromDateTime(reader.GetDateTime(1)) + 1);
    }

    /// <summary>How many predictions of this version a range has.</summary>
    public async Task<long> CountAsync(ModelId model, TimeRange range, CancellationToken cancellationToken)
    {
        await using var command = table.Source.CreateCommand(
            $"SELECT count(\"{Own(model)}\") FROM {table.Name} WHERE open_time >= $1 AND open_time < $2");
        CandleTable.AddRange(command, range);
        return (long)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
    }

    /// <summary>Open time of the first candle with enough history for a model, or null when there is none yet.</summary>
    internal async Task<long?> FirstPredictableAsync(ModelInput input, CancellationToken cancellationToken)
    {
        await using var command = table.Source.CreateCommand($"SELECT open_time FROM {table.Name} ORDER BY open_time OFFSET $1 LIMIT 1");
        command.Parameters.Add(new NpgsqlParameter { Value = input.FirstRow() });
        return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is DateTime time ? CandleTime.FromDateTime(time) : null;
    }
}
