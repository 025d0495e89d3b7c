using Microsoft.ML.OnnxRuntime;
using Radar.Market;
using Radar.Market.Features;
using Radar.Market.Models;

namespace Radar.Bench;

/// <summary>
/// ONNX Runtime alone: the finished matrix in memory, same model bytes, batch and session options, results into one buffer that nobody reads.
/// </summary>
internal static class BareRuntime
{
    /// <summary>The whole matrix, and how many rows it has.</summary>
    public static (float[] Matrix, int Rows) Matrix(IReadOnlyList<Candle> candles, ModelInput input)
    {
        var stream = new ModelInputStream(input);
        var size = input.Size();
        var matrix = GC.AllocateUninitializedArray<float>((candles.Count - input.FirstRow()) * size, pinned: true);
        var rows = 0;
        foreach (var candle in candles)
        {
            var into = stream.Rows < input.FirstRow() ? default : matrix.AsSpan(rows * size, size);
            rows += stream.Push(candle, into) ? 1 : 0;
        }
        return (matrix, rows);
    }

    /// <summary>Seconds for all rows through all models, one after the other batch by batch.</summary>
    public static double Run(IReadOnlyList<ModelFile> files, float[] matrix, int rows, ModelInput input, int batch, TimeProvider time)
    {
        using var options = SessionSettings.Create();
        var sessions = files.Select(f => new InferenceSession(ZipMapRemoval.Apply(File.ReadAllBytes(f.Path)), options)).ToArray();
        using var run = new RunOptions();
        var output = GC.AllocateArray<float>(batch * 3, pinned: true);
        var size = input.Size();
        Pass(0, batch); // The first batch warms up.
        var start = time.GetTimestamp();
        for (var row = 0; row < rows; row += batch)
        {
            Pass(row, Math.Min(batch, rows - row));
        }
        var seconds = time.GetElapsedTime(start).TotalSeconds;
        Array.ForEach(sessions, s => s.Dispose());
        return seconds;

        void Pass(int row, int count)
        {
            long[] shape = input == ModelInput.Features ? [count, 39] : [count, 30, 7];
            using var x = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, matrix.AsMemory(row * size, count * size), shape);
            using var y = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, output.AsMemory(0, count * 3), [count, 3]);
            foreach (var session in sessions)
            {
                session.Run(run, session.InputNames, [x], [session.OutputNames[Math.Min(1, session.OutputNames.Count - 1)]], [y]);
            }
        }
    }
}
