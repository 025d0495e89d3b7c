using System.Globalization;
using System.IO.Compression;
using Radar.Market.Candles;
using Radar.Market.Models;
using Radar.Testing;

namespace Radar.Market.Tests;

/// <summary>Candles and the values that pandas, ta and ONNX Runtime under Python gave for them.</summary>
internal static class GoldenFiles
{
    public static string Of(string name) => Path.Combine(SharedFolder.Repository, "tests", "Radar.Market.Tests", "Golden", name);

    public static string Models => Path.Combine(SharedFolder.Repository, "models");

    public static Candle[] Candles64 { get; } = [.. CandleFile.Read(Of("candles_64.csv"))];

    public static Candle[] MadeUp { get; } = [.. CandleFile.Read(Of("made_up_2000.csv"))];

    /// <summary>Every candle of the 18 months, oldest first.</summary>
    public static IEnumerable<Candle> Klines() =>
        Directory.EnumerateFiles(SharedFolder.Of("data/klines/BTCUSDT"), "*.csv.gz").Order(StringComparer.Ordinal).SelectMany(CandleFile.Read);

    public static long Time(string text) => CandleTime.TryParse(text, out var time) ? time : throw new FormatException(text);

    /// <summary>Predictions by open time and model version, NaN where there is none.</summary>
    public static IReadOnlyDictionary<(long OpenTime, string Model), double[]> Predictions(string path)
    {
        using var file = File.OpenRead(path);
        using var reader = new StreamReader(new GZipStream(file, CompressionMode.Decompress));
        var header = reader.ReadLine()!.Split(',');
        var predictions = new Dictionary<(long, string), double[]>();
        while (reader.ReadLine() is { } line)
        {
            var fields = line.Split(',');
            for (var i = 1; i < fields.Length; i += 3)
            {
                var column = header[i][..header[i].LastIndexOf('_')]; // lightgbm_v1
                predictions[(long.Parse(fields[0], CultureInfo.InvariantCulture), column)] =
                    [.. fields[i..(i + 3)].Select(f => f.Length == 0 ? double.NaN : double.Parse(f, CultureInfo.InvariantCulture))];
            }
        }
        return predictions;
    }

    public static IReadOnlyList<PredictionModel> LoadModels(string name = "*") =>
        [.. ModelStore.Discover(Models).Where(m => name == "*" || m.Id.Model == name).Select(PredictionModel.Load)];
}
