namespace Radar.Market.Models;

/// <summary>A model file that cannot be used, ever: the message names the file, what was found and what is expected.</summary>
public sealed class InvalidModelException(string path, string problem, Exception? cause = null)
    : Exception($"Model file '{path}' cannot be used: {problem}", cause)
{
    /// <summary>The file.</summary>
    public string ModelPath { get; } = path;
}
