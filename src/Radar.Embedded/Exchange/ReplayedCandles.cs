using System.IO.Compression;
using Radar.Market;
using Radar.Market.Candles;

namespace Radar.Embedded.Exchange;

/// <summary>Candles of Binance dumps: .csv, .csv.gz and .zip, milliseconds or microseconds, in any order, overlapping or not.</summary>
internal sealed class ReplayedCandles : ICandleSource
{
    private readonly string _symbol;
    private readonly Candle[] _candles;

    private ReplayedCandles(string symbol, Candle[] candles)
    {
        _symbol = symbol;
        _candles = candles;
    }

    /// <summary>Open time of the first candle.</summary>
    public long First => _candles[0].OpenTime;

    /// <summary>Open time of the last candle.</summary>
    public long Last => _candles[^1].OpenTime;

    /// <summary>Reads the candles of [from, to) from every dump in a folder.</summary>
    /// <exception cref="EmbeddedException">No such folder, no dump in it, an unreadable one, or no candle in the range.</exception>
    public static ReplayedCandles Read(string folder, string symbol, long from, long to)
    {
        if (!Directory.Exists(folder))
        {
            throw new EmbeddedException($"The folder to replay, '{folder}', does not exist: name one with Binance dumps (.csv, .csv.gz, .zip).");
        }
        var files = Directory.EnumerateFiles(folder).Where(IsDump).Order(StringComparer.Ordinal).ToList();
        if (files.Count == 0)
        {
            throw new EmbeddedException($"The folder to replay, '{folder}', holds no .csv, .csv.gz or .zip: name one with Binance dumps.");
        }
        var candles = new Dictionary<long, Candle>();
        foreach (var file in files)
        {
            foreach (var candle in ReadFile(file))
            {
                if (candle.OpenTime >= from && candle.OpenTime < to)
                {
                    candles[candle.OpenTime] = candle;
                }
            }
        }
        return candles.Count > 0
            ? new ReplayedCandles(symbol, [.. candles.Values.OrderBy(candle => candle.OpenTime)])
            : throw new EmbeddedException(
                $"The {files.Count} dumps in '{folder}' ({Path.GetFileName(files[0])}{(files.Count > 1 ? " ..." : "")}) hold no candle{Bound(" from ", from)}{Bound(" to ", to)}: correct --from and --to, or name another folder.");

        static string Bound(string word, long time) => time is long.MinValue or long.MaxValue ? "" : word + CandleTime.Format(time);
    }

    /// <inheritdoc/>
    public long? FirstAtOrAfter(string symbol, long openTime) => Find(symbol, openTime) is var at && at < _candles.Length && symbol == _symbol
        ? _candles[at].OpenTime
        : null;

    /// <inheritdoc/>
    public IEnumerable<Candle> Between(string symbol, long from, long to)
    {
        for (var at = Find(symbol, from); at < _candles.Length && _candles[at].OpenTime < to; at++)
        {
            yield return _candles[at];
        }
    }

    /// <inheritdoc/>
    public long Count(string symbol, long from, long to) => Math.Max(0, Find(symbol, to) - Find(symbol, from));

    /// <inheritdoc/>
    public long? LastBefore(string symbol, long time) => Find(symbol, time) is var at && at > 0 && symbol == _symbol ? _candles[at - 1].OpenTime : null;

    private static bool IsDump(string path) =>
        path.EndsWith(".csv", StringComparison.Ordinal) || path.EndsWith(".csv.gz", StringComparison.Ordinal) || path.EndsWith(".zip", StringComparison.Ordinal);

    private static List<Candle> ReadFile(string path)
    {
        if (!path.EndsWith(".zip", StringComparison.Ordinal))
        {
            return Rows(path, path);
        }
        var unpacked = Directory.CreateTempSubdirectory("radar-dump-");
        try
        {
            ZipFile.ExtractToDirectory(path, unpacked.FullName);
            return [.. unpacked.EnumerateFiles("*.csv", SearchOption.AllDirectories).SelectMany(file => Rows(file.FullName, path))];
        }
        catch (InvalidDataException ex)
        {
            throw new EmbeddedException($"The dump {path} is not a readable zip ({ex.Message}): download it again.", ex);
        }
        finally
        {
            unpacked.Delete(recursive: true);
        }
    }

    private static List<Candle> Rows(string path, string named)
    {
        try
        {
            return [.. CandleFile.Read(path)];
        }
        catch (Exception ex) when (ex is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            throw new EmbeddedException($"The dump {named} cannot be read: {ex.Message} Correct or remove the file.", ex);
        }
    }

    private int Find(string symbol, long openTime)
    {
        if (symbol != _symbol)
        {
            return _candles.Length;
        }
        int low = 0, high = _candles.Length;
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = _candles[middle].OpenTime < openTime ? (middle + 1, high) : (low, middle);
        }
        return low;
    }
}
