using Radar.Market.Models;

namespace Radar.Market.Predictions;

/// <summary>
/// The computing part of a reconciliation: one lane per kind of input, whose matrix is filled once and shown to every model that lacks rows. While the
/// models look at one matrix, the next is being filled.
/// </summary>
internal sealed class PredictionLanes
{
    private readonly PredictionLane[] _lanes;
    private readonly ModelId[] _models;

    public PredictionLanes(IReadOnlyList<PredictionModel> models)
    {
        _models = [.. models.Select(m => m.Id)];
        _lanes = [.. models.Select((m, i) => (Model: m, Index: i)).GroupBy(m => m.Model.Input)
            .Select(g => new PredictionLane(g.Key, [.. g.Select(m => (m.Model, m.Index))]))];
    }

    /// <summary>Predicts what a block lacks. A block goes on where the one before it ended, unless it starts anew.</summary>
    public async Task<PredictionRows> PredictAsync(CandleBlock block, CancellationToken cancellationToken)
    {
        var rows = new PredictionRows(_models);
        foreach (var lane in _lanes)
        {
            lane.Start(block, rows);
        }
        try
        {
            for (var i = 0; i < block.Candles.Count; i++)
            {
                var missing = block.Candles[i].OpenTime >= block.From ? block.Missing[i] : 0;
                var row = -1;
                foreach (var lane in _lanes)
                {
                    if (lane.Push(block.Candles[i], missing, ref row))
                    {
                        await lane.ShowAsync(cancellationToken).ConfigureAwait(false);
                    }
                }
            }
            foreach (var lane in _lanes)
            {
                await lane.ShowAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            foreach (var lane in _lanes)
            {
                await lane.EndAsync().ConfigureAwait(false); // Models are disposed of when nobody looks any more.
            }
        }
        return rows;
    }
}
