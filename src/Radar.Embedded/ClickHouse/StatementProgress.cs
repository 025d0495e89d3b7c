using System.Globalization;

namespace Radar.Embedded.ClickHouse;

/// <summary>What a statement read, wrote and returned.</summary>
internal readonly record struct StatementProgress(
    ulong ReadRows, ulong ReadBytes, ulong WrittenRows, ulong WrittenBytes, ulong ResultRows, ulong ResultBytes, TimeSpan Elapsed)
{
    /// <summary>The header X-ClickHouse-Summary: JSON whose numbers are texts.</summary>
    public string ToSummary() => string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"read_rows":"{{ReadRows}}","read_bytes":"{{ReadBytes}}","written_rows":"{{WrittenRows}}","written_bytes":"{{WrittenBytes}}","total_rows_to_read":"0","result_rows":"{{ResultRows}}","result_bytes":"{{ResultBytes}}","elapsed_ns":"{{(long)Elapsed.TotalNanoseconds}}"}""");
}
