using System.Text.Json;
using Radar.Market.Features;
using Radar.Testing;

namespace Radar.Market.Tests.Features;

public sealed class FeatureStreamTests
{
    private static readonly HashSet<string> StdBased = ["rolling_volatility", "rolling_std_15", "bb_high", "bb_low", "bb_percent"];

    [Fact]
    public void FeatureStream_64Candles_GivesTheGoldenValues()
    {
        using var golden = JsonDocument.Parse(File.ReadAllText(GoldenFiles.Of("features.json")));
        Assert.Equal(golden.RootElement.GetProperty("feature_order").EnumerateArray().Select(n => n.GetString()), FeatureStream.Names);
        var rows = golden.RootElement.GetProperty("full_history_rows");
        var stream = new FeatureStream();
        var compared = 0;
        foreach (var (row, candle) in GoldenFiles.Candles64.Index())
        {
            stream.Push(candle);
            if (!rows.TryGetProperty($"{row}", out var expected))
            {
                continue;
            }
            var values = expected.EnumerateArray().Select(v => v.GetDouble()).ToArray();
            for (var i = 0; i < FeatureStream.Count; i++)
            {
                AssertClose(values[i], stream.Values[i], StdBased.Contains(FeatureStream.Names[i]) ? 1e-6 : 1e-9, $"row {row}, {FeatureStream.Names[i]}");
            }
            compared++;
        }
        Assert.Equal(rows.EnumerateObject().Count(), compared);
        Assert.True(compared > 5);
    }

    [Fact]
    public void FeatureStream_MadeUpCandles_AgreesWithPlainRecomputation() => Compare(GoldenFiles.MadeUp);

    [SharedFact("data/klines/BTCUSDT")]
    public void FeatureStream_18Months_AgreesWithPlainRecomputation() => Compare([.. GoldenFiles.Klines()]);

    [Fact]
    public void FeatureStream_FlatPrices_GivesExactZeros()
    {
        var stream = new FeatureStream();
        for (var i = 0; i < 100; i++)
        {
            stream.Push(new Candle(i * 60_000L, 0.1, 0.1, 0.1, 0.1, 0, 0, 0, 0, 0, 0, 0));
        }
        Assert.Equal(0.1, Value(stream, "bb_high"));
        Assert.Equal(0.1, Value(stream, "bb_low"));
        Assert.Equal(0, Value(stream, "bb_percent"));
        Assert.Equal(0, Value(stream, "rolling_std_15"));
        Assert.Equal(0, Value(stream, "rolling_volatility"));
        Assert.Equal(100, Value(stream, "rsi"));
    }

    [Fact]
    public void FeatureStream_MissingPrice_TakesTheOneBefore()
    {
        var (whole, holed) = (new FeatureStream(), new FeatureStream());
        foreach (var (row, candle) in GoldenFiles.Candles64.Index())
        {
            whole.Push(row == 40 ? candle with { Close = GoldenFiles.Candles64[39].Close } : candle);
            holed.Push(row == 40 ? candle with { Close = double.NaN } : candle);
        }
        Assert.Equal(whole.Values.ToArray(), holed.Values.ToArray());
    }

    [Fact]
    public void FeatureStream_Push_AllocatesNothing()
    {
        var candles = GoldenFiles.Candles64;
        var stream = new FeatureStream();
        stream.Push(candles[0]);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10_000; i++)
        {
            stream.Push(candles[i & 63]);
        }
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void FeatureStream_AfterWarmUp_EqualsFullHistoryToTheLastFloat()
    {
        var candles = GoldenFiles.MadeUp;
        var (full, late) = (new FeatureStream(), new FeatureStream());
        Span<float> a = new float[FeatureStream.Count], b = new float[FeatureStream.Count];
        foreach (var (row, candle) in candles.Index())
        {
            full.Push(candle);
            if (row >= 500)
            {
                late.Push(candle);
            }
            if (row >= 1_500)
            {
                full.CopyTo(a);
                late.CopyTo(b);
                Assert.True(a.SequenceEqual(b), $"row {row}");
            }
        }
    }

    private static double Value(FeatureStream stream, string name) => stream.Values[FeatureStream.Names.ToList().IndexOf(name)];

    private static void Compare(Candle[] candles)
    {
        var plain = new PlainFeatures(candles);
        var stream = new FeatureStream();
        var expected = new double[FeatureStream.Count];
        var flat = 0;
        for (var row = 0; row < candles.Length; row++)
        {
            stream.Push(candles[row]);
            plain.Row(row, expected);
            for (var i = 0; i < expected.Length; i++)
            {
                var relative = StdBased.Contains(FeatureStream.Names[i]) ? 1e-6 : 1e-9;
                if (!IsClose(expected[i], stream.Values[i], relative, Floor(i, candles[row].Close)))
                {
                    Assert.Fail($"row {row}, {FeatureStream.Names[i]}: expected {expected[i]:R}, was {stream.Values[i]:R}");
                }
            }
            if (row >= 19 && plain.IsFlat(row, 20))
            {
                flat++;
                Assert.Equal(candles[row].Close, stream.Values[23]);
                Assert.Equal(candles[row].Close, stream.Values[24]);
                Assert.Equal(0, stream.Values[25]);
            }
        }
        Assert.True(candles.Length < 700_000 || flat >= 54, $"only {flat} flat windows");
    }

    // Differences of averages of prices lose what the prices have in common, and a place between two bands is a fraction of 1.
    private static double Floor(int feature, double close) => FeatureStream.Names[feature] switch
    {
        "macd" or "macd_signal" or "macd_diff" => 1e-5 * close,
        "bb_percent" => 1,
        _ => 1e-9,
    };

    private static bool IsClose(double expected, double actual, double relative, double floor) =>
        Math.Abs(expected - actual) <= relative * Math.Max(Math.Abs(expected), floor);

    private static void AssertClose(double expected, double actual, double relative, string what) =>
        Assert.True(IsClose(expected, actual, relative, 1e-9), $"{what}: expected {expected:R}, was {actual:R}");
}
