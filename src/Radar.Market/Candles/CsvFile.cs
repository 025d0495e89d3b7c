using System.IO.Compression;
using System.Text;
using CsvHelper;

namespace Radar.Market.Candles;

/// <summary>Rows of a CSV file, plain or gzipped, as CsvHelper splits them.</summary>
internal static class CsvFile
{
    private static readonly CsvReaderOptions Settings = new() { Separator = ',', HasHeader = false, TrackLineNumbers = true };

    /// <summary>Runs through a file's rows, each valid until the next.</summary>
    /// <exception cref="InvalidDataException">The file cannot be read to its end; the message names it and the line.</exception>
    public static IEnumerable<CsvReader> Read(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 16);
        using Stream plain = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(file, CompressionMode.Decompress) : file;
        using var reader = CsvReader.Create(plain, Settings, leaveOpen: true);
        while (Next(reader, path))
        {
            yield return reader;
        }
    }

    /// <summary>A problem with a row, by file, line and what was there.</summary>
    public static InvalidDataException Problem(string path, CsvReader row, string problem) =>
        new($"'{path}', line {row.LineNumber}: {problem}; the line is '{Encoding.UTF8.GetString(row.RawRecord)}'.");

    private static bool Next(CsvReader reader, string path)
    {
        try
        {
            return reader.Read();
        }
        catch (Exception broken) when (broken is InvalidDataException or IOException or FormatException)
        {
            throw new InvalidDataException($"'{path}' cannot be read beyond line {reader.LineNumber}: {broken.Message}", broken);
        }
    }
}
