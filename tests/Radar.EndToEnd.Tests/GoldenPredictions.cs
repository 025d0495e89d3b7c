using System.Globalization;
using System.IO.Compression;

namespace Radar.EndToEnd.Tests;

/// <summary>Predictions as ../shared/golden/README.md lays them out, from a golden file or from <c>radar export predictions</c>.</summary>
internal sealed class GoldenPredictions
{
    private GoldenPredictions(string[] columns, SortedDictionary<long, double?[]> rows)
    {
        Columns = columns;
        Rows = rows;
    }

    /// <summary>The column names after open_time.</summary>
    public string[] Columns { get; }

    /// <summary>Values by open time in ms.</summary>
    public SortedDictionary<long, double?[]> Rows { get; }

    /// <summary>Reads a plain or gzipped file.</summary>
    public static GoldenPredictions Read(string path)
    {
        using var file = File.OpenRead(path);
        using Stream stream = path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file;
        using var reader = new StreamReader(stream);
        return Parse(reader.ReadToEnd());
    }

    /// <summary>Reads text with a header.</summary>
    public static GoldenPredictions Parse(string text)
    {
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var columns = lines[0].Trim().Split(',')[1..];
        var rows = new SortedDictionary<long, double?[]>();
        foreach (var line in lines.Skip(1))
        {
            var cells = line.Trim().Split(',');
            rows.Add(
                long.Parse(cells[0], CultureInfo.InvariantCulture),
                [.. cells[1..].Select(cell => cell.Length == 0 ? (double?)null : double.Parse(cell, CultureInfo.InvariantCulture))]);
        }

        return new GoldenPredictions(columns, rows);
    }

    /// <summary>
    /// Holds <paramref name="actual"/> against these: 1e-5 for lightgbm with at most one row in a thousand of a version off by less than 0.05 (a
    /// tree may flip on a float32's last bit), 1e-4 for tst. A value present on one side only is a fault.
    /// </summary>
    public void AssertEqual(GoldenPredictions actual)
    {
        Assert.Equal(Columns, actual.Columns);
        Assert.Equal(Rows.Keys, actual.Rows.Keys);
        for (var column = 0; column < Columns.Length; column++)
        {
            var tree = Columns[column].StartsWith("lightgbm", StringComparison.Ordinal);
            var off = 0;
            foreach (var (openTime, expected) in Rows)
            {
                var got = actual.Rows[openTime][column];
                Assert.True(
                    expected[column].HasValue == got.HasValue,
                    $"{Columns[column]} at {openTime}: expected {expected[column]?.ToString(CultureInfo.InvariantCulture) ?? "nothing"}, got {got?.ToString(CultureInfo.InvariantCulture) ?? "nothing"}");
                if (expected[column] is not { } want)
                {
                    continue;
                }

                var error = Math.Abs(want - got!.Value);
                Assert.True(error < (tree ? 0.05 : 1e-4), $"{Columns[column]} at {openTime}: expected {want}, got {got}");
                off += tree && error > 1e-5 ? 1 : 0;
            }

            Assert.True(off <= Rows.Count / 1_000, $"{Columns[column]}: {off} rows are off by more than 1e-5; at most {Rows.Count / 1_000} may be.");
        }
    }
}
