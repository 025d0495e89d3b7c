namespace Radar.Market.ClickHouse;

/// <summary>Table <c>trades_master</c>: one row for every trade, equal ones merged by their id.</summary>
public static class TradesTable
{
    /// <summary>Its name unless CLICKHOUSE_TABLE says another.</summary>
    public const string DefaultName = "trades_master";

    /// <summary>The table, column for column that of the original.</summary>
    /// <param name="name">Where it lies.</param>
    /// <param name="retentionDays">After how many days trades are removed; null, as in the original: never.</param>
    public static TableDefinition Define(TableName name, int? retentionDays = null) => new()
    {
        Name = name,
        Columns =
        [
            new("trade_id", "String"),
            new("source", "String"),
            new("symbol", "String"),
            new("side", "String"),
            new("price", "Float64"),
            new("base_amount", "Float64"),
            new("quote_amount", "Float64"),
            new("event_time", "DateTime"),
            new("inserted_at", "DateTime", "now()"),
        ],
        InsertColumns = ["trade_id", "source", "symbol", "side", "price", "base_amount", "quote_amount", "event_time"],
        Engine = "ReplacingMergeTree()",
        OrderBy = "(source, trade_id)",
        RetentionOf = "event_time",
        RetentionDays = retentionDays,
        RetentionIsAskedFor = true,
    };

    /// <summary>Adds a row to a batch for this table.</summary>
    public static void Write(RowBinaryBatch batch, in TradeRow row)
    {
        batch.WriteString(row.TradeId);
        batch.WriteString(row.Source);
        batch.WriteString(row.Symbol);
        batch.WriteString(row.Side);
        batch.WriteFloat64(row.Price);
        batch.WriteFloat64(row.BaseAmount);
        batch.WriteFloat64(row.QuoteAmount);
        batch.WriteDateTime(row.EventTime);
        batch.EndRow();
    }
}

/// <summary>A row of <see cref="TradesTable"/>; its texts are UTF-8, so that they go from message to server without a copy of their own.</summary>
public readonly ref struct TradeRow
{
    /// <summary>Id, unique within its source.</summary>
    public required ReadOnlySpan<byte> TradeId { get; init; }

    /// <summary>Exchange, e.g. wallex.</summary>
    public required ReadOnlySpan<byte> Source { get; init; }

    /// <summary>Market, e.g. USDTTMN.</summary>
    public required ReadOnlySpan<byte> Symbol { get; init; }

    /// <summary>buy or sell.</summary>
    public required ReadOnlySpan<byte> Side { get; init; }

    /// <summary>Price.</summary>
    public required double Price { get; init; }

    /// <summary>Quantity.</summary>
    public required double BaseAmount { get; init; }

    /// <summary>Price times quantity.</summary>
    public required double QuoteAmount { get; init; }

    /// <summary>Seconds since 1970, UTC.</summary>
    public required uint EventTime { get; init; }
}
