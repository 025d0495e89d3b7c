using Radar.Market.Candles;
using Radar.Market.Models;

namespace Radar.Market.Predictions;

/// <summary>How far a model version has come over a range of candles.</summary>
/// <param name="Model">The version.</param>
/// <param name="Expected">Candles that can have a prediction: those with enough history before them.</param>
/// <param name="Present">Of those, candles that have it.</param>
/// <param name="FirstMissing">Open time of the first that has not, milliseconds UTC; null when none is missing.</param>
public sealed record PredictionCoverage(ModelId Model, long Expected, long Present, long? FirstMissing)
{
    /// <summary>Candles that could have a prediction and do not.</summary>
    public long Missing => Expected - Present;
}

public sealed partial class PredictionStore
{
    /// <summary>Coverage of each version, in one pass over the range. History is counted from the table's first row, not from the range's.</summary>
    public async Task<IReadOnlyList<PredictionCoverage>> CoverageAsync(
        IReadOnlyList<(ModelId Id, ModelInput Input)> models, TimeRange range, CancellationToken cancellationToken)
    {
        if (models.Count == 0)
        {
            return [];
        }
        var columns = new List<string>();
        foreach (var (id, input) in models)
        {
            var first = await FirstPredictableAsync(input, cancellationToken).ConfigureAwait(false);
            var can = $"open_time >= {CandleTime.Literal(first ?? long.MaxValue)}";
            columns.Add($"""
                count(*) FILTER (WHERE {can}), count("{Own(id)}") FILTER (WHERE {can}), min(open_time) FILTER (WHERE {can} AND "{Own(id)}" IS NULL)
                """);
        }
        await using var command = table.Source.CreateCommand(
            $"SELECT {string.Join(", ", columns)} FROM {table.Name} WHERE open_time >= $1 AND open_time < $2");
        CandleTable.AddRange(command, range);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        return [.. models.Select((m, i) => new PredictionCoverage(
            m.Id, reader.GetInt64(3 * i), reader.GetInt64(3 * i + 1),
            reader.IsDBNull(3 * i + 2) ? null : CandleTime.FromDateTime(reader.GetDateTime(3 * i + 2))))];
    }
}
