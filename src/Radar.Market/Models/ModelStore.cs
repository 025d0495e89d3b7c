namespace Radar.Market.Models;

/// <summary>A model file of the store.</summary>
/// <param name="Id">Which coin, model and version.</param>
/// <param name="Path">Where it is.</param>
public sealed record ModelFile(ModelId Id, string Path);

/// <summary>The folder of models: <c>BTCUSDT/lightgbm/v1.onnx</c>.</summary>
public static class ModelStore
{
    /// <summary>Every model of the folder, ordered by coin, model and version number. Files of another layout are passed over.</summary>
    /// <exception cref="DirectoryNotFoundException">There is no such folder; the message names it and the setting.</exception>
    public static IReadOnlyList<ModelFile> Discover(string directory)
    {
        if (!Directory.Exists(directory))
        {
            throw new DirectoryNotFoundException(
                $"The model store '{Path.GetFullPath(directory)}' does not exist. Set Radar:Models:Directory to a folder of <crypto>/<model>/<version>.onnx.");
        }
        return [.. Directory.EnumerateFiles(directory, "*.onnx", SearchOption.AllDirectories)
            .Select(file => Identify(directory, file)).OfType<ModelFile>()
            .OrderBy(m => m.Id.Crypto, StringComparer.Ordinal).ThenBy(m => m.Id.Model, StringComparer.Ordinal).ThenBy(m => m.Id.Number)];
    }

    /// <summary>The file of one model.</summary>
    /// <exception cref="FileNotFoundException">The store lacks it; the message names the path and what there is.</exception>
    public static ModelFile Find(string directory, ModelId id)
    {
        var path = Path.Combine(directory, id.Crypto, id.Model, id.Version + ".onnx");
        if (!File.Exists(path))
        {
            var known = Directory.Exists(directory) ? string.Join(", ", Discover(directory).Select(m => m.Id)) : "no folder at all";
            throw new FileNotFoundException($"Model {id} is not in the store: no file '{Path.GetFullPath(path)}' (Radar:Models:Directory has {known}).", path);
        }
        return new ModelFile(id, path);
    }

    private static ModelFile? Identify(string directory, string file)
    {
        try
        {
            var relative = Path.ChangeExtension(Path.GetRelativePath(directory, file), null).Replace(Path.DirectorySeparatorChar, '/');
            return new ModelFile(ModelId.Parse(relative), file);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
