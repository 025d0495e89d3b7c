using System.Collections.Concurrent;
using Microsoft.Extensions.Configuration;

namespace Radar.Testing;

/// <summary>
/// An environment that remembers which of its names somebody asked for. One that nobody asks for is misspelt, or its setting was renamed. To be the last
/// source of a configuration: earlier ones are only asked for what later ones lack.
/// </summary>
public sealed class AskedSettings : ConfigurationProvider, IConfigurationSource
{
    private readonly ConcurrentDictionary<string, bool> _asked = new(StringComparer.OrdinalIgnoreCase);
    private readonly IReadOnlyList<string> _names;

    /// <summary>An environment.</summary>
    public AskedSettings(IEnumerable<KeyValuePair<string, string>> environment)
    {
        foreach (var (name, value) in environment)
        {
            Data[Key(name)] = value;
        }
        // The runtime's own are read by nobody of ours.
        _names = [.. environment.Select(pair => pair.Key).Where(name => !name.StartsWith("DOTNET_", StringComparison.Ordinal))];
    }

    /// <summary>Names that nobody has asked for.</summary>
    public IEnumerable<string> NeverAsked => _names.Where(name => !_asked.ContainsKey(Key(name)));

    /// <inheritdoc/>
    public override bool TryGet(string key, out string? value)
    {
        _asked[key] = true;
        return base.TryGet(key, out value);
    }

    /// <inheritdoc/>
    public IConfigurationProvider Build(IConfigurationBuilder builder) => this;

    private static string Key(string name) => name.Replace("__", ":", StringComparison.Ordinal);
}
