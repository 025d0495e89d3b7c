using Microsoft.ML.OnnxRuntime;

namespace Radar.Market.Models;

/// <summary>
/// One model in one ONNX Runtime session on one thread: rows in, three raw numbers a row out (0 sell, 1 hold, 2 buy). Input and output
/// buffers are pinned once and used again. Not safe for two threads at once.
/// </summary>
public sealed class PredictionModel : IDisposable
{
    /// <summary>Numbers a prediction has.</summary>
    public const int Classes = 3;

    private readonly InferenceSession _session;
    private readonly RunOptions _options = new();
    private readonly string[] _inputNames;
    private readonly string[] _outputNames;
    private readonly bool _isSequenceOfMaps;
    private readonly float[] _input;
    private readonly float[] _output;
    private readonly Dictionary<int, (OrtValue[] Input, OrtValue[] Output)> _bound = [];

    private PredictionModel(ModelId id, InferenceSession session, ModelInput input, string output, bool isSequenceOfMaps)
    {
        (Id, Input, _session, _isSequenceOfMaps) = (id, input, session, isSequenceOfMaps);
        _inputNames = [session.InputNames[0]];
        _outputNames = [output];
        // Measured: larger batches are no faster, and a transformer keeps 50 kB of memory for every row of its largest.
        MaxBatch = input == ModelInput.Features ? 1024 : 32;
        _input = GC.AllocateArray<float>(MaxBatch * input.Size(), pinned: true);
        _output = GC.AllocateArray<float>(MaxBatch * Classes, pinned: true);
    }

    /// <summary>Which model this is.</summary>
    public ModelId Id { get; }

    /// <summary>What it wants to see.</summary>
    public ModelInput Input { get; }

    /// <summary>Most rows that are given to ONNX Runtime at once; larger requests are cut.</summary>
    public int MaxBatch { get; }

    /// <summary>Loads a model, checks its shapes and runs it once.</summary>
    /// <exception cref="InvalidModelException">It is no ONNX model, or its shapes are not ours.</exception>
    public static PredictionModel Load(ModelFile file) => Load(file, ZipMapRemoval.Apply);

    /// <summary>Loads a model as its file has it, list of maps and all.</summary>
    internal static PredictionModel LoadUnchanged(ModelFile file) => Load(file, bytes => bytes);

    private static PredictionModel Load(ModelFile file, Func<byte[], byte[]> prepare)
    {
        InferenceSession? session = null;
        try
        {
            var bytes = prepare(File.ReadAllBytes(file.Path));
            using var options = SessionSettings.Create();
            session = new InferenceSession(bytes, options);
            var input = ModelShape.Input(session, file.Path);
            var (output, isSequenceOfMaps) = ModelShape.Output(session, file.Path);
            var model = new PredictionModel(file.Id, session, input, output, isSequenceOfMaps);
            model.TryOnce();
            return model;
        }
        catch (Exception problem) when (problem is not InvalidModelException and not OutOfMemoryException)
        {
            session?.Dispose();
            throw new InvalidModelException(Path.GetFullPath(file.Path), problem.Message, problem);
        }
        catch
        {
            session?.Dispose();
            throw;
        }
    }

    /// <summary>Predicts <paramref name="rows"/> rows.</summary>
    /// <param name="inputs">The rows one after the other, <see cref="ModelInputs.Size"/> values each.</param>
    /// <param name="rows">How many.</param>
    /// <param name="outputs">Gets <see cref="Classes"/> numbers a row.</param>
    public void Predict(ReadOnlySpan<float> inputs, int rows, Span<double> outputs)
    {
        var size = Input.Size();
        for (var done = 0; done < rows;)
        {
            var batch = Math.Min(rows - done, MaxBatch);
            inputs.Slice(done * size, batch * size).CopyTo(_input);
            Run(batch);
            var results = _output.AsSpan(0, batch * Classes);
            var into = outputs.Slice(done * Classes, batch * Classes);
            for (var i = 0; i < results.Length; i++)
            {
                into[i] = results[i];
            }
            done += batch;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var bound in _bound.Values)
        {
            bound.Input[0].Dispose();
            bound.Output[0].Dispose();
        }
        _bound.Clear();
        _options.Dispose();
        _session.Dispose();
    }

    private void Run(int rows)
    {
        if (_isSequenceOfMaps)
        {
            RunToMaps(rows);
            return;
        }
        // Single rows (live) and full batches (history) come again and again; the odd remainder is bound for the one call.
        if (rows == 1 || rows == MaxBatch)
        {
            if (!_bound.TryGetValue(rows, out var bound))
            {
                _bound[rows] = bound = ([BindInput(rows)], [BindOutput(rows)]);
            }
            _session.Run(_options, _inputNames, bound.Input, _outputNames, bound.Output);
            return;
        }
        using var input = BindInput(rows);
        using var output = BindOutput(rows);
        _session.Run(_options, _inputNames, [input], _outputNames, [output]);
    }

    private void RunToMaps(int rows)
    {
        using var input = BindInput(rows);
        using var results = _session.Run(_options, _inputNames, [input], _outputNames);
        for (var row = 0; row < rows; row++)
        {
            using var map = results[0].GetValue(row, OrtAllocator.DefaultInstance);
            using var keys = map.GetValue(0, OrtAllocator.DefaultInstance);
            using var values = map.GetValue(1, OrtAllocator.DefaultInstance);
            var classes = keys.GetTensorDataAsSpan<long>();
            var probabilities = values.GetTensorDataAsSpan<float>();
            for (var i = 0; i < classes.Length; i++)
            {
                _output[row * Classes + (int)classes[i]] = probabilities[i];
            }
        }
    }

    private OrtValue BindInput(int rows)
    {
        long[] shape = Input == ModelInput.Features ? [rows, 39] : [rows, 30, 7];
        return OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, _input.AsMemory(0, rows * Input.Size()), shape);
    }

    private OrtValue BindOutput(int rows) =>
        OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, _output.AsMemory(0, rows * Classes), [rows, Classes]);

    private void TryOnce()
    {
        // Two sizes: an export can bake the batch size in, and that must show here and not at the first candle.
        Run(1);
        Run(2);
    }
}
