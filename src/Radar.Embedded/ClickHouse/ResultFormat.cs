using System.Text;

namespace Radar.Embedded.ClickHouse;

/// <summary>Formats of results: which one a statement names, and what HTTP calls it.</summary>
internal static class ResultFormat
{
    /// <summary>The format when neither statement nor request name one.</summary>
    public const string Default = "TabSeparated";

    /// <summary>The format a statement names at its end, or null.</summary>
    public static string? NamedIn(ReadOnlySpan<byte> statement)
    {
        var scan = new SqlScan(statement);
        string? format = null;
        var awaited = false;
        while (scan.Next() is { } word)
        {
            if (awaited && word != "(")
            {
                format = Encoding.UTF8.GetString(statement[scan.Start..scan.Position]);
            }
            awaited = scan.Depth == 0 && word == "format";
        }
        return format;
    }

    /// <summary>The header Content-Type.</summary>
    public static string ContentType(string format) => format switch
    {
        "JSON" or "JSONCompact" or "JSONStrings" or "JSONColumns" or "JSONColumnsWithMetadata" or "JSONCompactStrings" => "application/json; charset=UTF-8",
        "JSONEachRow" or "JSONStringsEachRow" or "JSONEachRowWithProgress" => "application/x-ndjson; charset=UTF-8",
        "RowBinary" or "RowBinaryWithNames" or "RowBinaryWithNamesAndTypes" or "Native" or "Parquet" or "Arrow" or "ArrowStream" or "ORC" or "Avro"
            => "application/octet-stream",
        "CSV" => "text/csv; charset=UTF-8; header=absent",
        "CSVWithNames" or "CSVWithNamesAndTypes" => "text/csv; charset=UTF-8; header=present",
        "XML" => "application/xml; charset=UTF-8",
        _ when format.StartsWith("TabSeparated", StringComparison.Ordinal) || format.StartsWith("TSV", StringComparison.Ordinal)
            => "text/tab-separated-values; charset=UTF-8",
        _ => "text/plain; charset=UTF-8",
    };
}
