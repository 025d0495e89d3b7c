using System.Runtime.CompilerServices;
using Npgsql;
using Radar.Market.Candles;
using Radar.Market.Models;
using Radar.Market.Storage;

namespace Radar.Market.Predictions;

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
            long? last = null;
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
                        predictions.Add(Prediction.Of(last.Value, classes));
                    }
                }
            }
            if (last is null)
            {
                yield break;
            }
            from = last.Value + 1;
            yield return predictions;
        }
    }

    /// <summary>How many candles of a range lack a prediction of any of these versions that they can have (from row 33 or 30 of history on).</summary>
    public async Task<long> CountMissingAsync(
        IReadOnlyList<(ModelId Id, ModelInput Input)> models, TimeRange range, CancellationToken cancellationToken)
    {
        await using var command = table.Source.CreateCommand($"""
            SELECT count(*) FROM {table.Name}
            WHERE open_time >= $1 AND open_time < $2 AND ({await MissingConditionAsync(models, cancellationToken).ConfigureAwait(false)})
            """);
        CandleTable.AddRange(command, range);
        return (long)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
    }

    /// <summary>Open time of the first such candle, or null when there is none.</summary>
    public async Task<long?> FirstMissingAsync(
        IReadOnlyList<(ModelId Id, ModelInput Input)> models, TimeRange range, CancellationToken cancellationToken)
    {
        await using var command = table.Source.CreateCommand($"""
            SELECT open_time FROM {table.Name}
            WHERE open_time >= $1 AND open_time < $2 AND ({await MissingConditionAsync(models, cancellationToken).ConfigureAwait(false)})
            ORDER BY open_time LIMIT 1
            """);
        CandleTable.AddRange(command, range);
        return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is DateTime time ? CandleTime.FromDateTime(time) : null;
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

    private async Task<string> MissingConditionAsync(IReadOnlyList<(ModelId Id, ModelInput Input)> models, CancellationToken cancellationToken)
    {
        var conditions = new List<string>();
        foreach (var byInput in models.GroupBy(m => m.Input))
        {
            if (await FirstPredictableAsync(byInput.Key, cancellationToken).ConfigureAwait(false) is { } first)
            {
                var columns = string.Join(" OR ", byInput.Select(m => $"\"{Own(m.Id)}\" IS NULL"));
                conditions.Add($"open_time >= {CandleTime.Literal(first)} AND ({columns})");
            }
        }
        return conditions.Count == 0 ? "false" : string.Join(" OR ", conditions);
    }
}
