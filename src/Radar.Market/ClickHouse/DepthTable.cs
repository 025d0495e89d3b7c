namespace Radar.Market.ClickHouse;

/// <summary>How a frame of the order book lies in the table.</summary>
public enum DepthFormat
{
    /// <summary>One row with arrays of levels.</summary>
    Array,

    /// <summary>One row for each level.</summary>
    Flat,
}

/// <summary>Table <c>orderbook_depth</c>: one side of one order book at one time, as rows of either format.</summary>
public static class DepthTable
{
    /// <summary>Its name unless CLICKHOUSE_TABLE says another.</summary>
    public const string DefaultName = "orderbook_depth";

    private const string Code = "LowCardinality(String)";

    /// <summary>
    /// The table, column for column that of the original, and a memory of inserted blocks besides, so that one inserted again after a
    /// crash is not stored twice.
    /// </summary>
    /// <param name="name">Where it lies.</param>
    /// <param name="format">Which of the two: the same name serves both, one at a time.</param>
    /// <param name="window">How many blocks are remembered.</param>
    public static TableDefinition Define(TableName name, DepthFormat format, int window = 10_000) => new()
    {
        Name = name,
        Columns = format == DepthFormat.Array
            ?
            [
                new("timestamp", "DateTime64(3)"), new("exchange", Code), new("symbol", Code), new("side", Code),
                new("prices", "Array(Float64)"), new("quantities", "Array(Float64)"), new("sums", "Array(Float64)"),
                new("ingestion_time", "DateTime", "now()"), new("levels", "UInt8", "length(prices)"),
            ]
            :
            [
                new("timestamp", "DateTime64(3)"), new("exchange", Code), new("symbol", Code), new("side", Code),
                new("level", "UInt8"), new("price", "Float64"), new("quantity", "Float64"), new("sum", "Float64"),
                new("ingestion_time", "DateTime", "now()"),
            ],
        InsertColumns = format == DepthFormat.Array
            ? ["timestamp", "exchange", "symbol", "side", "prices", "quantities", "sums"]
            : ["timestamp", "exchange", "symbol", "side", "level", "price", "quantity", "sum"],
        Engine = "MergeTree()",
        PartitionBy = "toYYYYMMDD(timestamp)",
        OrderBy = format == DepthFormat.Array ? "(symbol, side, timestamp)" : "(symbol, side, timestamp, level)",
        RetentionOf = "toDateTime(timestamp)",
        RetentionDays = 90,
        IndexGranularity = 8192,
        DeduplicationWindow = window,
        NeedsModernServer = true,
    };

    /// <summary>Adds a frame to a batch for the table of its format: one row, or one for each level.</summary>
    public static void Write(RowBinaryBatch batch, DepthFormat format, in DepthRow row)
    {
        if (format == DepthFormat.Array)
        {
            WriteHead(batch, row);
            batch.WriteFloat64Array(row.Prices);
            batch.WriteFloat64Array(row.Quantities);
            batch.WriteFloat64Array(row.Sums);
            batch.EndRow();
            return;
        }
        for (var level = 0; level < row.Prices.Length; level++)
        {
            WriteHead(batch, row);
            batch.WriteUInt8(checked((byte)level));
            batch.WriteFloat64(row.Prices[level]);
            batch.WriteFloat64(row.Quantities[level]);
            batch.WriteFloat64(row.Sums[level]);
            batch.EndRow();
        }
    }

    private static void WriteHead(RowBinaryBatch batch, in DepthRow row)
    {
        batch.WriteDateTime64(row.Timestamp);
        batch.WriteString(row.Exchange);
        batch.WriteString(row.Symbol);
        batch.WriteString(row.Side);
    }
}

/// <summary>A frame for <see cref="DepthTable"/>; its texts are UTF-8, its levels in the message's order.</summary>
public readonly ref struct DepthRow
{
    /// <summary>Milliseconds since 1970, UTC.</summary>
    public required long Timestamp { get; init; }

    /// <summary>Exchange, e.g. wallex.</summary>
    public required ReadOnlySpan<byte> Exchange { get; init; }

    /// <summary>Market, e.g. USDTTMN.</summary>
    public required ReadOnlySpan<byte> Symbol { get; init; }

    /// <summary>sell, buy or unknown.</summary>
    public required ReadOnlySpan<byte> Side { get; init; }

    /// <summary>Price of each level.</summary>
    public required ReadOnlySpan<double> Prices { get; init; }

    /// <summary>Quantity of each level.</summary>
    public required ReadOnlySpan<double> Quantities { get; init; }

    /// <summary>Sum of each level.</summary>
    public required ReadOnlySpan<double> Sums { get; init; }
}
