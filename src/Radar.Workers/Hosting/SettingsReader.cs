using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace Radar.Workers.Hosting;

/// <summary>Settings that are wrong, all of them at once.</summary>
internal sealed class SettingsException(IEnumerable<string> problems) : Exception(string.Join(Environment.NewLine, problems));

/// <summary>Reads settings and collects what is wrong with them.</summary>
internal sealed class SettingsReader(IConfiguration configuration)
{
    private readonly List<string> _problems = [];

    public string? Text(string key) => configuration[key] is { } value && !string.IsNullOrWhiteSpace(value) ? value.Trim() : null;

    /// <param name="key">The setting.</param>
    /// <param name="example">What it may look like, for whoever forgot it.</param>
    /// <param name="otherwise">The originals' names of it.</param>
    public string Needed(string key, string example, params ReadOnlySpan<string> otherwise)
    {
        if (Text(key) is { } value)
        {
            return value;
        }
        foreach (var name in otherwise)
        {
            if (Text(name) is { } other)
            {
                return other;
            }
        }
        _problems.Add($"{key} is not set. Set {Environment(key)}, such as {example}.");
        return "";
    }

    public T Read<T>(string key, T otherwise, Func<string, T> read, string expected)
    {
        if (Text(key) is not { } value)
        {
            return otherwise;
        }
        try
        {
            return read(value);
        }
        catch (Exception wrong) when (wrong is FormatException or OverflowException or ArgumentException)
        {
            _problems.Add($"{key} is '{value}': {expected}.");
            return otherwise;
        }
    }

    public int Number(string key, int otherwise, int min, int max) => Read(
        key,
        otherwise,
        text => int.Parse(text, CultureInfo.InvariantCulture) is var n && n >= min && n <= max ? n : throw new FormatException(),
        $"use a whole number from {min} to {max}");

    public TimeSpan Seconds(string key, double otherwise, double min, double max) => Read(
        key,
        TimeSpan.FromSeconds(otherwise),
        text => double.Parse(text, CultureInfo.InvariantCulture) is var n && n >= min && n <= max ? TimeSpan.FromSeconds(n) : throw new FormatException(),
        string.Create(CultureInfo.InvariantCulture, $"use seconds from {min} to {max}"));

    /// <summary>Options that read themselves and report by <see cref="ArgumentException"/>.</summary>
    public T Section<T>(Func<IConfiguration, T> read, T otherwise)
    {
        try
        {
            return read(configuration);
        }
        catch (ArgumentException wrong)
        {
            _problems.Add(wrong.Message);
            return otherwise;
        }
    }

    public void Problem(string problem) => _problems.Add(problem);

    /// <exception cref="SettingsException">Something was wrong.</exception>
    public void ThrowIfWrong()
    {
        if (_problems.Count > 0)
        {
            throw new SettingsException(_problems);
        }
    }

    private static string Environment(string key) => key.Replace(":", "__", StringComparison.Ordinal).ToUpperInvariant();
}
