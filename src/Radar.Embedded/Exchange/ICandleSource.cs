using Radar.Market;

namespace Radar.Embedded.Exchange;

/// <summary>All candles an exchange will ever know.</summary>
internal interface ICandleSource
{
    /// <summary>Open time of the first candle at or after a time, or null when none follows.</summary>
    long? FirstAtOrAfter(string symbol, long openTime);

    /// <summary>Candles with open times in [from, to), oldest first.</summary>
    IEnumerable<Candle> Between(string symbol, long from, long to);

    /// <summary>How many candles there are with open times in [from, to).</summary>
    long Count(string symbol, long from, long to);

    /// <summary>Open time of the last candle before a time, or null.</summary>
    long? LastBefore(string symbol, long time);
}
