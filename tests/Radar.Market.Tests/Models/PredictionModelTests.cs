using Radar.Market.Features;
using Radar.Market.Models;

namespace Radar.Market.Tests.Models;

public sealed class PredictionModelTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("radar-models-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Discover_TheStore_ListsSixInOrderAndPassesOverTheRest()
    {
        Assert.Equal(
            ["BTCUSDT/lightgbm/v1", "BTCUSDT/lightgbm/v2", "BTCUSDT/lightgbm/v3", "BTCUSDT/tst/v1", "BTCUSDT/tst/v2", "BTCUSDT/tst/v3"],
            ModelStore.Discover(GoldenFiles.Models).Select(m => m.Id.ToString()));
        File.WriteAllText(Path.Combine(_folder, "stray.onnx"), "");
        Assert.Empty(ModelStore.Discover(_folder));
        Assert.Contains("Radar:Models:Directory", Assert.Throws<DirectoryNotFoundException>(() => ModelStore.Discover(_folder + "x")).Message, StringComparison.Ordinal);
        Assert.Contains("lightgbm/v9", Assert.Throws<FileNotFoundException>(() => ModelStore.Find(GoldenFiles.Models, ModelId.Parse("BTCUSDT/lightgbm/v9"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Predict_AnyBatch_GivesTheSameAsRowByRow()
    {
        foreach (var model in GoldenFiles.LoadModels())
        {
            using (model)
            {
                var (inputs, rows) = Inputs(model.Input, 300);
                var (together, alone) = (new double[rows * 3], new double[rows * 3]);
                model.Predict(inputs, rows, together);
                var size = model.Input.Size();
                for (var row = 0; row < rows; row++)
                {
                    model.Predict(inputs.AsSpan(row * size, size), 1, alone.AsSpan(row * 3, 3));
                }
                Assert.All(together.Zip(alone), p => Assert.Equal(p.First, p.Second, 1e-5));
            }
        }
    }

    [Fact]
    public void Load_ZipMapModel_GivesTheSameWithAndWithoutTheMap()
    {
        var file = ModelStore.Find(GoldenFiles.Models, ModelId.Parse("BTCUSDT/lightgbm/v1"));
        var bytes = File.ReadAllBytes(file.Path);
        var stripped = ZipMapRemoval.Apply(bytes);
        Assert.NotEqual(bytes.Length, stripped.Length);
        Assert.Same(stripped, ZipMapRemoval.Apply(stripped));
        using var model = PredictionModel.Load(file);
        using var mapped = PredictionModel.LoadUnchanged(file);
        var (inputs, rows) = Inputs(ModelInput.Features, 50);
        var (tensor, maps) = (new double[rows * 3], new double[rows * 3]);
        model.Predict(inputs, rows, tensor);
        mapped.Predict(inputs, rows, maps);
        Assert.Equal(maps, tensor);
        Assert.All(tensor.Chunk(3), p => Assert.Equal(1, p.Sum(), 1e-5));
    }

    [Fact]
    public void Load_WrongShape_NamesFileFoundAndExpected()
    {
        // The 39 of the input's shape made 40: the value info "float_input", FLOAT, [N, 39].
        var bytes = File.ReadAllBytes(ModelStore.Find(GoldenFiles.Models, ModelId.Parse("BTCUSDT/lightgbm/v2")).Path);
        var at = bytes.AsSpan().LastIndexOf("float_input"u8);
        at += bytes.AsSpan(at).IndexOf([(byte)0x08, (byte)39]) + 1;
        bytes[at] = 40;
        var problem = Assert.Throws<InvalidModelException>(() => PredictionModel.Load(Write(bytes)));
        Assert.Contains("[N, 40]", problem.Message, StringComparison.Ordinal);
        Assert.Contains("[N, 39]", problem.Message, StringComparison.Ordinal);
        Assert.Contains("v1.onnx", problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(100_000)]
    public void Load_CutOffFile_NamesIt(int length)
    {
        var bytes = File.ReadAllBytes(ModelStore.Find(GoldenFiles.Models, ModelId.Parse("BTCUSDT/lightgbm/v1")).Path);
        Assert.Contains("v1.onnx", Assert.Throws<InvalidModelException>(() => PredictionModel.Load(Write(bytes[..length]))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("BTCUSDT/lightgbm")]
    [InlineData("btcusdt/lightgbm/v1")]
    [InlineData("BTCUSDT/light gbm/v1")]
    [InlineData("BTCUSDT/lightgbm/1")]
    [InlineData("BTCUSDT/lightgbm/v1\"; --")]
    public void ModelId_Malformed_IsRefused(string text) => Assert.Throws<ArgumentException>(() => ModelId.Parse(text));

    private ModelFile Write(byte[] bytes)
    {
        var path = Path.Combine(_folder, "v1.onnx");
        File.WriteAllBytes(path, bytes);
        return new ModelFile(ModelId.Parse("BTCUSDT/lightgbm/v1"), path);
    }

    private static (float[] Inputs, int Rows) Inputs(ModelInput input, int rows)
    {
        var stream = new ModelInputStream(input);
        var size = input.Size();
        var inputs = new float[rows * size];
        var count = 0;
        foreach (var candle in GoldenFiles.MadeUp)
        {
            if (count < rows && stream.Push(candle, inputs.AsSpan(count * size, size)))
            {
                count++;
            }
        }
        return (inputs, count);
    }
}
