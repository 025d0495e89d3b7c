using CsvHelper;

namespace Radar.Market.Candles;

/// <summary>
/// Reads candles from files of others: a prices CSV (header, either dialect of time, mixed even) or a Binance dump (12 columns, no header,
/// milliseconds or microseconds). Plain or gzipped.
/// </summary>
public static class CandleFile
{
    private static readonly string[] DumpColumns =
    [
        "open_time", "open", "high", "low", "close", "volume", "close_time", "quote_asset_volume", "trades", "taker_base", "taker_quote", "ignore",
    ];

    /// <summary>The file's candles in its order, one at a time.</summary>
    /// <exception cref="InvalidDataException">A row is no candle; the message names file, row and field.</exception>
    public static IEnumerable<Candle> Read(string path)
    {
        int[]? places = null;
        foreach (var row in CsvFile.Read(path))
        {
            if (places is null)
            {
                var hasHeader = !CandleTime.TryParse(row.GetString(0), out _);
                places = Places(path, row, hasHeader ? [.. Enumerable.Range(0, row.FieldCount).Select(row.GetString)] : DumpColumns[..Math.Min(12, row.FieldCount)]);
                if (hasHeader)
                {
                    continue;
                }
            }
            yield return ReadRow(path, row, places);
        }
    }

    private static int[] Places(string path, CsvReader row, string[] header)
    {
        var places = DumpColumns.Select(c => Array.FindIndex(header, h => h.Trim() == c)).ToArray();
        var lacking = DumpColumns.Where((_, i) => i < 6 && places[i] < 0).ToArray();
        return lacking.Length == 0
            ? places
            : throw CsvFile.Problem(path, row, $"no column {string.Join(", ", lacking)}: this is neither a prices CSV nor a dump of 12 columns");
    }

    private static Candle ReadRow(string path, CsvReader row, int[] places)
    {
        return new Candle(
            Time(0), Number(1), Number(2), Number(3), Number(4), Number(5), places[6] < 0 ? 0 : Time(6),
            Known(7), Whole(8), Known(9), Known(10), Whole(11));

        int Place(int column) => places[column] < row.FieldCount
            ? places[column]
            : throw CsvFile.Problem(path, row, $"it ends before {DumpColumns[column]}");

        long Time(int column) => CandleTime.TryParse(row.GetString(Place(column)), out var time)
            ? time
            : throw CsvFile.Problem(path, row, $"{DumpColumns[column]} is '{row.GetString(Place(column))}', not a time");

        double Number(int column) => row.TryParse<double>(Place(column), out var value)
            ? value
            : throw CsvFile.Problem(path, row, $"{DumpColumns[column]} is '{row.GetString(Place(column))}', not a number");

        // Not in the file, or empty in this row.
        double Known(int column) => places[column] < 0 || row.GetString(Place(column)).Length == 0 ? double.NaN : Number(column);

        long? Whole(int column) => Known(column) is var value && double.IsNaN(value) ? null : (long)value;
    }
}
