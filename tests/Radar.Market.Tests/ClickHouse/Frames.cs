using Radar.Market.ClickHouse;

namespace Radar.Market.Tests.ClickHouse;

/// <summary>Rows for tests.</summary>
internal static class Frames
{
    /// <summary>2025-06-01 09:33:41.123 UTC.</summary>
    public const long OfTheSpecification = 1_748_770_421_123;

    /// <summary>2099-01-01 UTC: no age limit removes it.</summary>
    public const long Lasting = 4_070_908_800_000;

    /// <summary>The frame of the specification at a time of one's own.</summary>
    public static void Write(RowBinaryBatch batch, DepthFormat format, long time) => DepthTable.Write(batch, format, new DepthRow
    {
        Timestamp = time,
        Exchange = "wallex"u8,
        Symbol = "USDTTMN"u8,
        Side = "sell"u8,
        Prices = [82131, 82083],
        Quantities = [255.75, 103.07],
        Sums = [21005003.25, 8460294.81],
    });

    /// <summary>The first trade vector of the specification.</summary>
    public static void Write(RowBinaryBatch batch) => TradesTable.Write(batch, new TradeRow
    {
        TradeId = "c2224cc04c2f8dc07b1539c40d8a6e8af2f523f5"u8,
        Source = "wallex"u8,
        Symbol = "USDTTMN"u8,
        Side = "buy"u8,
        Price = 82131,
        BaseAmount = 255.75,
        QuoteAmount = 21005003.25,
        EventTime = 1_748_770_421,
    });
}
