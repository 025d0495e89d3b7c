namespace Radar.Market.Models;

/// <summary>What a model is shown of the candles before it says anything.</summary>
public enum ModelInput
{
    /// <summary>The 39 features of the row itself: LightGBM.</summary>
    Features,

    /// <summary>The 30 rows before the row, 7 columns each: the time-series transformer.</summary>
    Sequence,
}

/// <summary>Sizes of the inputs.</summary>
public static class ModelInputs
{
    /// <summary>Values a row.</summary>
    public static int Size(this ModelInput input) => input == ModelInput.Features ? 39 : 30 * 7;

    /// <summary>
    /// Number of the first row, counted from 0 at the beginning of history, that can have a prediction: before it indicators have not
    /// warmed up, or there are not 30 rows to look at. Predictions of earlier rows stay NULL.
    /// </summary>
    public static int FirstRow(this ModelInput input) => input == ModelInput.Features ? 33 : 30;

    /// <summary>The largest <see cref="FirstRow"/>.</summary>
    public const int LatestFirstRow = 33;
}
