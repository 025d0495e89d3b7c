namespace Radar.Market.Features;

/// <summary>What stands in for prices and volumes that a table does not have.</summary>
internal static class MissingPrices
{
    /// <summary>The candle with its missing (NaN) prices and volume taken from the one before; nothing is missing in Binance's own data.</summary>
    public static Candle FilledFrom(in this Candle candle, in Candle before) =>
        double.IsNaN(candle.Open + candle.High + candle.Low + candle.Close + candle.Volume)
            ? candle with
            {
                Open = Or(candle.Open, before.Open),
                High = Or(candle.High, before.High),
                Low = Or(candle.Low, before.Low),
                Close = Or(candle.Close, before.Close),
                Volume = Or(candle.Volume, before.Volume),
            }
            : candle;

    private static double Or(double value, double otherwise) => double.IsNaN(value) ? otherwise : value;
}
