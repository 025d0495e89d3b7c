namespace Radar.Market.Candles;

/// <summary>What a look through a whole CSV file found.</summary>
/// <param name="Length">Bytes up to and with the last whole line; 0 when there is no file or it is empty.</param>
/// <param name="Last">Open time of the last row; <see cref="long.MinValue"/> when there is none.</param>
/// <param name="InsideTable">Rows whose open time lies between the table's first and last.</param>
/// <param name="Ascending">Whether every row is later than the one before.</param>
/// <param name="Newest">The last of the rows inside the table, as far back as a correction reaches that a crash may have kept from the file.</param>
internal readonly record struct CsvScan(long Length, long Last, long InsideTable, bool Ascending, IReadOnlyCollection<(long OpenTime, string Line)> Newest)
{
    // A page of the exchange, the rows whose windows reach back to it, and as much again.
    private const int NewestRows = 6_000;

    /// <exception cref="InvalidDataException">The file's first line is no header of ours.</exception>
    public static CsvScan Of(string path, TimeRange table)
    {
        var (last, inside, ascending) = (long.MinValue, 0L, true);
        var newest = new Queue<(long, string)>();
        foreach (var row in Rows(path))
        {
            ascending &= row.OpenTime > last;
            last = row.OpenTime;
            if (last >= table.From && last < table.To)
            {
                inside++;
                newest.Enqueue(row);
                if (newest.Count > NewestRows)
                {
                    newest.Dequeue();
                }
            }
        }
        return new CsvScan(CsvTail.WholeLines(path), last, inside, ascending, newest);
    }

    /// <summary>Lines whose open time lies before or after the table's, in order and each time once.</summary>
    public static IReadOnlyList<(long OpenTime, string Line)> LinesOutside(string path, TimeRange? table) =>
        [.. Rows(path).Where(r => table is not { } t || r.OpenTime < t.From || r.OpenTime >= t.To)
            .GroupBy(r => r.OpenTime).Select(g => g.First()).OrderBy(r => r.OpenTime)];

    // Whole lines only: a torn last one is no row. Lines whose first field is no time are passed over, and so dropped by a rewrite.
    private static IEnumerable<(long OpenTime, string Line)> Rows(string path)
    {
        var whole = CsvTail.WholeLines(path);
        if (whole == 0)
        {
            yield break;
        }
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 16);
        using var reader = new StreamReader(file);
        var header = reader.ReadLine();
        if (header?.StartsWith("open_time,", StringComparison.Ordinal) is not true)
        {
            throw new InvalidDataException(
                $"'{path}' is not one of Radar's CSV files: its first line is '{header}', not a header that begins with open_time. Move it away, or set Radar:Data:Directory to another folder.");
        }
        // What is appended while we read is not looked at: its rows are in the table, too.
        for (long at = header.Length + 1; at < whole && reader.ReadLine() is { } line; at += line.Length + 1)
        {
            var comma = line.IndexOf(',', StringComparison.Ordinal);
            if (comma > 0 && CandleTime.TryParse(line.AsSpan(0, comma), out var openTime))
            {
                yield return (openTime, line);
            }
        }
    }
}
