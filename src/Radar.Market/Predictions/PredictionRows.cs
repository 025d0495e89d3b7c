using Radar.Market.Models;

namespace Radar.Market.Predictions;

/// <summary>Predictions of several model versions for many candles, to be stored in one write: a row per candle, three numbers per version.</summary>
/// <param name="models">The versions, all of the same coin, in the order of their numbers in a row.</param>
public sealed class PredictionRows(IReadOnlyList<ModelId> models)
{
    private readonly List<long> _openTimes = [];
    private readonly int _width = models.Count * PredictionModel.Classes;
    private double[] _values = [];

    /// <summary>The versions.</summary>
    public IReadOnlyList<ModelId> Models => models;

    /// <summary>The candles, milliseconds UTC.</summary>
    public IReadOnlyList<long> OpenTimes => _openTimes;

    /// <summary>Predictions that are present.</summary>
    public int Present { get; private set; }

    /// <summary>Adds a candle that has no prediction yet and returns its row.</summary>
    public int Add(long openTime)
    {
        var row = _openTimes.Count;
        _openTimes.Add(openTime);
        if ((row + 1) * _width > _values.Length)
        {
            Array.Resize(ref _values, Math.Max(1024, row * 2) * _width);
        }
        _values.AsSpan(row * _width, _width).Fill(double.NaN);
        return row;
    }

    /// <summary>Sets what a version says of a candle.</summary>
    public void Set(int row, int model, ReadOnlySpan<double> classes)
    {
        classes.CopyTo(_values.AsSpan(row * _width + model * PredictionModel.Classes));
        Present++;
    }

    /// <summary>What a version says of a candle; the first number is NaN where it says nothing.</summary>
    public ReadOnlySpan<double> Get(int row, int model) =>
        _values.AsSpan(row * _width + model * PredictionModel.Classes, PredictionModel.Classes);
}
