namespace Radar.Market.Features;

/// <summary>What training takes as truth: 0 sell, 1 hold, 2 buy, by the next minute's return.</summary>
public static class Labels
{
    /// <summary>A return beyond this, up or down, is no hold.</summary>
    public const double Threshold = 0.00015;

    /// <summary>The label of a candle, from its close and the next one's; a candle without a next one is a hold.</summary>
    public static int Of(double close, double? nextClose) => (nextClose / close - 1) switch
    {
        > Threshold => 2,
        < -Threshold => 0,
        _ => 1,
    };
}
