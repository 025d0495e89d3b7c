namespace Radar.Market.ClickHouse;

/// <summary>A column of a table.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its type, as system.columns writes it.</param>
/// <param name="Default">Expression that fills it when an insert leaves it out; null: every insert gives it.</param>
public sealed record TableColumn(string Name, string Type, string? Default = null);

/// <summary>A table as it is made, checked and written to.</summary>
public sealed record TableDefinition
{
    /// <summary>Its name.</summary>
    public required TableName Name { get; init; }

    /// <summary>Its columns in order.</summary>
    public required IReadOnlyList<TableColumn> Columns { get; init; }

    /// <summary>Columns that inserts give, in order.</summary>
    public required IReadOnlyList<string> InsertColumns { get; init; }

    /// <summary>Engine, e.g. <c>MergeTree()</c>.</summary>
    public required string Engine { get; init; }

    /// <summary>Expression, or null: one partition.</summary>
    public string? PartitionBy { get; init; }

    /// <summary>Expression.</summary>
    public required string OrderBy { get; init; }

    /// <summary>The column whose age removes rows, with <see cref="RetentionDays"/>.</summary>
    public string? RetentionOf { get; init; }

    /// <summary>After how many days rows are removed; null: never.</summary>
    public int? RetentionDays { get; init; }

    /// <summary>
    /// Whether an existing table is given <see cref="RetentionDays"/>, since somebody asked for them; otherwise only a new one is, and whoever runs the
    /// server may change them.
    /// </summary>
    public bool RetentionIsAskedFor { get; init; }

    /// <summary>SETTINGS index_granularity, or null: the server's own.</summary>
    public int? IndexGranularity { get; init; }

    /// <summary>How many inserted blocks the table remembers by their tokens, so that none is stored twice; null: none.</summary>
    public int? DeduplicationWindow { get; init; }

    /// <summary>Whether the server must have DateTime64, TTL and deduplication tokens, as those from 22.2 on have.</summary>
    public bool NeedsModernServer { get; init; }

    /// <summary>The statement that begins an insert; rows follow in RowBinary.</summary>
    public string InsertStatement => $"INSERT INTO {Name} ({string.Join(", ", InsertColumns)}) FORMAT RowBinary";

    /// <summary>The statement that makes the table.</summary>
    public string CreateStatement
    {
        get
        {
            var columns = Columns.Select(column => $"{column.Name} {column.Type}{(column.Default is { } value ? " DEFAULT " + value : "")}");
            var settings = Settings().Select(setting => $"{setting.Name} = {setting.Value}").ToList();
            return $"CREATE TABLE IF NOT EXISTS {Name} ({string.Join(", ", columns)}) ENGINE = {Engine}"
                + (PartitionBy is null ? "" : $" PARTITION BY {PartitionBy}")
                + $" ORDER BY {OrderBy}"
                + (Ttl is null ? "" : $" TTL {Ttl}")
                + (settings.Count == 0 ? "" : $" SETTINGS {string.Join(", ", settings)}");
        }
    }

    /// <summary>When rows are removed, as an expression, or null.</summary>
    public string? Ttl => RetentionDays is { } days ? $"{RetentionOf} + INTERVAL {days} DAY" : null;

    /// <summary>How servers show that expression.</summary>
    internal string? TtlAsShown => RetentionDays is { } days ? $"TTL {RetentionOf} + toIntervalDay({days})" : null;

    private IEnumerable<(string Name, int Value)> Settings()
    {
        if (IndexGranularity is { } granularity)
        {
            yield return ("index_granularity", granularity);
        }
        if (DeduplicationWindow is { } window)
        {
            yield return (InsertSettings.Window, window);
        }
    }
}
