using System.IO.Compression;
using Radar.Market;

namespace Radar.EndToEnd.Tests;

/// <summary>The data these tests replay and the answers they expect.</summary>
internal static class Fixtures
{
    /// <summary>The folder with real market data, <c>RADAR_SHARED</c> or <c>../shared</c>.</summary>
    public static string Shared { get; } =
        Environment.GetEnvironmentVariable("RADAR_SHARED") ?? Path.GetFullPath(Path.Combine(Repository.Root, "..", "shared"));

    /// <summary>A real week with the exchange's outage of 2023-03-24 in it: 10,000 candles.</summary>
    public static Replay RealWeek => new(
        Path.Combine(Shared, "data", "klines", "BTCUSDT"),
        "2023-03-20",
        "2023-03-27",
        Path.Combine(Shared, "golden", "predictions", "BTCUSDT-2023-03-20..27.csv.gz"));

    /// <summary>2,000 made-up candles with 25 minutes missing, committed, so that a clone alone tests its numbers.</summary>
    public static Replay MadeUp => new(
        Path.Combine(AppContext.BaseDirectory, "made-up"), // A folder of its own: the whole folder is replayed.
        "2026-01-01",
        "2026-01-02T09:45:00",
        Path.Combine(Repository.Root, "tests", "Radar.Market.Tests", "Golden", "predictions", "made_up_2000.csv.gz"));

    /// <summary>The dump rows of <paramref name="replay"/>, read here without any of Radar's readers.</summary>
    public static IReadOnlyList<Candle> Candles(Replay replay)
    {
        var from = DateTimeOffset.Parse(replay.From + "Z", System.Globalization.CultureInfo.InvariantCulture).ToUnixTimeMilliseconds();
        var to = DateTimeOffset.Parse(replay.To + "Z", System.Globalization.CultureInfo.InvariantCulture).ToUnixTimeMilliseconds();
        var candles = new SortedDictionary<long, Candle>();
        foreach (var path in Directory.EnumerateFiles(replay.Folder).Where(path => path.Contains(".csv", StringComparison.Ordinal)))
        {
            using var file = File.OpenRead(path);
            using Stream stream = path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file;
            using var reader = new StreamReader(stream);
            while (reader.ReadLine() is { } line)
            {
                var cells = line.Split(',');
                var openTime = long.Parse(cells[0], System.Globalization.CultureInfo.InvariantCulture);
                if (openTime >= from && openTime < to)
                {
                    candles[openTime] = new Candle(
                        openTime, Number(1), Number(2), Number(3), Number(4), Number(5), (long)Number(6), Number(7), (long)Number(8),
                        Number(9), Number(10), (long)Number(11));
                }

                double Number(int cell) => double.Parse(cells[cell], System.Globalization.CultureInfo.InvariantCulture);
            }
        }

        return [.. candles.Values];
    }
}

/// <summary>A stretch of history to replay.</summary>
internal sealed record Replay(string Folder, string From, string To, string Golden)
{
    /// <summary>The arguments of <c>up</c> that replay it.</summary>
    public string[] Arguments(string speed = "max") =>
        ["--replay", Folder, "--from", From, "--to", To, "--speed", speed];
}
