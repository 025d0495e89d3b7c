namespace Radar.Market;

/// <summary>
/// One closed one-minute candle, with every column of Binance's kline. What a source does not tell (an original's table has prices and volume
/// only) is NaN, null or, of the close time, 0; models take it as 0.
/// </summary>
/// <param name="OpenTime">Open time in milliseconds since the Unix epoch, UTC. A candle's identity.</param>
/// <param name="Open">First price.</param>
/// <param name="High">Highest price.</param>
/// <param name="Low">Lowest price.</param>
/// <param name="Close">Last price.</param>
/// <param name="Volume">Base asset volume.</param>
/// <param name="CloseTime">Close time in milliseconds since the Unix epoch, UTC; 0 where a source does not tell it.</param>
/// <param name="QuoteVolume">Quote asset volume; NaN where a source does not tell it.</param>
/// <param name="Trades">Number of trades; null where a source does not tell it.</param>
/// <param name="TakerBase">Taker buy volume in the base asset; NaN where a source does not tell it.</param>
/// <param name="TakerQuote">Taker buy volume in the quote asset; NaN where a source does not tell it.</param>
/// <param name="Ignore">Binance's unused last column, always 0; null where a source does not tell it.</param>
public readonly record struct Candle(
    long OpenTime,
    double Open,
    double High,
    double Low,
    double Close,
    double Volume,
    long CloseTime,
    double QuoteVolume,
    long? Trades,
    double TakerBase,
    double TakerQuote,
    long? Ignore);
