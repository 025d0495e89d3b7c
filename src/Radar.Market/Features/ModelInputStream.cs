using Radar.Market.Models;

namespace Radar.Market.Features;

/// <summary>
/// Turns candles, pushed in order, into the input of one kind of model. Start it at history's first row, or <see cref="WarmUpRows"/> rows
/// before the first row that is wanted: what lies further back moves no feature by more than a double's rounding.
/// </summary>
public sealed class ModelInputStream(ModelInput input)
{
    /// <summary>Rows of history that are enough.</summary>
    public const int WarmUpRows = 2_000;

    private readonly FeatureStream? _features = input == ModelInput.Features ? new FeatureStream() : null;
    private readonly SequenceWindow? _sequence = input == ModelInput.Sequence ? new SequenceWindow() : null;

    /// <summary>How many candles were pushed.</summary>
    public long Rows { get; private set; }

    /// <summary>Takes the next candle and writes its input.</summary>
    /// <param name="candle">The candle after the one pushed last.</param>
    /// <param name="into">Gets <see cref="ModelInputs.Size"/> values; empty where the input is not wanted, as in warming up.</param>
    /// <returns>Whether this row can have a prediction, that is, has enough history; otherwise nothing was written.</returns>
    public bool Push(in Candle candle, Span<float> into)
    {
        var enough = Rows++ >= input.FirstRow();
        if (_features is not null)
        {
            _features.Push(candle);
            if (enough && !into.IsEmpty)
            {
                _features.CopyTo(into);
            }
            return enough;
        }
        if (enough && !into.IsEmpty)
        {
            _sequence!.ForNext.CopyTo(into);
        }
        _sequence!.Push(candle);
        return enough;
    }
}
