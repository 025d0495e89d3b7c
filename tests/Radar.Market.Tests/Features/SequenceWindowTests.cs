using System.Text.Json;
using Radar.Market.Features;
using Radar.Market.Models;

namespace Radar.Market.Tests.Features;

public sealed class SequenceWindowTests
{
    [Fact]
    public void SequenceWindow_64Candles_ShowsTheGoldenRows()
    {
        using var golden = JsonDocument.Parse(File.ReadAllText(GoldenFiles.Of("features.json")));
        var expected = golden.RootElement.GetProperty("tst_sequence_row_indices");
        var stream = new ModelInputStream(ModelInput.Sequence);
        var input = new float[ModelInput.Sequence.Size()];
        foreach (var (row, candle) in GoldenFiles.Candles64.Index())
        {
            Assert.Equal(row >= 30, stream.Push(candle, input));
            if (row >= 30 && expected.TryGetProperty($"{row}", out var rows))
            {
                Assert.Equal(rows.EnumerateArray().SelectMany(r => Columns(GoldenFiles.Candles64[r.GetInt32()])), input);
            }
        }
    }

    [Fact]
    public void ModelInputStream_WarmingUp_KeepsThePlaceOfEveryRow()
    {
        var (all, late) = (new ModelInputStream(ModelInput.Sequence), new ModelInputStream(ModelInput.Sequence));
        var (a, b) = (new float[210], new float[210]);
        foreach (var (row, candle) in GoldenFiles.MadeUp.Take(400).Index())
        {
            all.Push(candle, a);
            late.Push(candle, row < 300 ? default : b);
            Assert.True(row < 300 || a.AsSpan().SequenceEqual(b), $"row {row}");
        }
    }

    [Fact]
    public void Labels_64Candles_AreTheGoldenOnes()
    {
        using var golden = JsonDocument.Parse(File.ReadAllText(GoldenFiles.Of("features.json")));
        var candles = GoldenFiles.Candles64;
        Assert.Equal(
            golden.RootElement.GetProperty("labels_threshold_0.00015").EnumerateArray().Select(l => l.GetInt32()),
            candles.Select((c, i) => Labels.Of(c.Close, i + 1 < candles.Length ? candles[i + 1].Close : null)));
    }

    private static IEnumerable<float> Columns(Candle c) =>
        new[] { c.Open, c.High, c.Low, c.Close, c.Volume, c.TakerBase, c.TakerQuote }.Select(v => (float)v);
}
