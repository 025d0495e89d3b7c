using Radar.Market;
using Radar.Market.Candles;

namespace Radar.Bench;

/// <summary>Where the benchmark finds candles and models, and leaves results.</summary>
internal static class BenchFolders
{
    public static string Repository { get; } = FindRepository();

    public static string Models => Path.Combine(Repository, "models");

    public static string Shared { get; } =
        Environment.GetEnvironmentVariable("RADAR_SHARED") is { Length: > 0 } set ? set : Path.GetFullPath(Path.Combine(Repository, "..", "shared"));

    public static string Results => Directory.CreateDirectory(Path.Combine(Repository, "bench", "results")).FullName;

    /// <summary>The first candles of the 18 months; all of them for 0.</summary>
    public static Candle[] Candles(int rows)
    {
        var folder = Path.Combine(Shared, "data", "klines", "BTCUSDT");
        if (!Directory.Exists(folder))
        {
            throw new DirectoryNotFoundException($"No candles at '{folder}'. Set RADAR_SHARED to the folder of market data.");
        }
        var candles = Directory.EnumerateFiles(folder, "*.csv.gz").Order(StringComparer.Ordinal).SelectMany(CandleFile.Read);
        return [.. rows > 0 ? candles.Take(rows) : candles];
    }

    private static string FindRepository()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Radar.sln")))
            {
                return folder.FullName;
            }
        }
        throw new DirectoryNotFoundException($"No folder above '{AppContext.BaseDirectory}' has Radar.sln.");
    }
}
