using Radar.Market.Candles;
using Radar.Market.Models;
using Radar.Market.Storage;

namespace Radar.Market.Predictions;

/// <summary>Candles in order, and for each which of the versions asked for have no prediction yet.</summary>
/// <param name="Candles">The candles.</param>
/// <param name="Missing">A bit per version for each candle: set where its prediction is missing.</param>
internal sealed record CandleBlock(IReadOnlyList<Candle> Candles, IReadOnlyList<ulong> Missing)
{
    /// <summary>Whether history begins afresh with this block: what came before is not its past.</summary>
    public bool StartsAnew { get; init; }

    /// <summary>Candles before this open time only warm up.</summary>
    public long From { get; init; }
}

public sealed partial class PredictionStore
{
    internal async Task<CandleBlock> ReadBlockAsync(IReadOnlyList<ModelId> models, TimeRange range, int rows, CancellationToken cancellationToken)
    {
        var (candles, missing) = (new List<Candle>(rows), new List<ulong>(rows));
        await using var connection = await table.Source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        await using var stream = await connection.BeginRawBinaryCopyAsync($"""
            COPY (SELECT {CandleTable.Selected}, {string.Join(", ", models.Select(m => $"\"{Own(m)}\" IS NULL"))}
                  FROM {table.Name} WHERE {CandleTable.Within(range)} ORDER BY open_time LIMIT {rows}) TO STDOUT (FORMAT binary)
            """, cancellationToken).ConfigureAwait(false);
        var reader = new BinaryCopyReader(stream);
        while (await reader.NextAsync(cancellationToken).ConfigureAwait(false))
        {
            candles.Add(CandleTable.ReadCandle(reader));
            var bits = 0UL;
            for (var model = 0; model < models.Count; model++)
            {
                bits |= reader.Boolean() ? 1UL << model : 0;
            }
            missing.Add(bits);
        }
        return new CandleBlock(candles, missing);
    }
}
