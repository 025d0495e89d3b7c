using Radar.Market.Features;
using Radar.Market.Models;
using Radar.Market.Tests.Features;

namespace Radar.Market.Tests.Predictions;

/// <summary>What the models say of candles when every row's input is made afresh from the candles themselves, without streams, stores or blocks.</summary>
internal static class PlainPredictions
{
    /// <summary>By open time and model version, NaN where there is none.</summary>
    public static IReadOnlyDictionary<(long OpenTime, string Model), double[]> Of(IReadOnlyList<Candle> candles)
    {
        var predictions = new Dictionary<(long, string), double[]>();
        var features = new PlainFeatures(candles);
        foreach (var model in GoldenFiles.LoadModels())
        {
            using (model)
            {
                var output = new double[PredictionModel.Classes];
                for (var row = 0; row < candles.Count; row++)
                {
                    var known = row >= model.Input.FirstRow();
                    if (known)
                    {
                        model.Predict(model.Input == ModelInput.Features ? Features(features, row) : Sequence(candles, row), 1, output);
                    }
                    predictions.Add(
                        (candles[row].OpenTime, $"{model.Id.Model}_{model.Id.Version}"), known ? [.. output] : [double.NaN, double.NaN, double.NaN]);
                }
            }
        }
        return predictions;
    }

    private static float[] Features(PlainFeatures features, int row)
    {
        var values = new double[FeatureStream.Count];
        features.Row(row, values);
        return [.. values.Select(v => (float)v)];
    }

    private static float[] Sequence(IReadOnlyList<Candle> candles, int row) =>
        [.. Enumerable.Range(row - 30, 30).Select(i => candles[i])
            .SelectMany(c => new[] { c.Open, c.High, c.Low, c.Close, c.Volume, c.TakerBase, c.TakerQuote }).Select(v => (float)v)];
}
