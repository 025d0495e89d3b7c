using System.Globalization;

namespace Radar.Market.ClickHouse;

/// <summary>What a server can do.</summary>
public sealed record ServerFeatures
{
    private readonly IReadOnlySet<string> _settings;

    private ServerFeatures(Version version, string text, string timeZone, IReadOnlySet<string> settings)
    {
        Version = version;
        Text = text;
        TimeZone = timeZone;
        _settings = settings;
    }

    /// <summary>Its version, e.g. 24.8 or 18.16.</summary>
    public Version Version { get; }

    /// <summary>Its version in its own words.</summary>
    public string Text { get; }

    /// <summary>In which it shows and reads times that say no zone.</summary>
    public string TimeZone { get; }

    /// <summary>Whether it has the type DateTime64.</summary>
    public bool HasDateTime64 => Version >= new Version(20, 1);

    /// <summary>Whether tables can have a TTL.</summary>
    public bool HasTtl => Version >= new Version(19, 6);

    /// <summary>Whether it knows a setting of requests or of MergeTree tables. Only those that Radar sets are asked for.</summary>
    public bool Has(string setting) => _settings.Contains(setting);

    /// <summary>Asks the server.</summary>
    /// <exception cref="ClickHouseException">It does not answer, or refuses us.</exception>
    internal static async Task<ServerFeatures> ProbeAsync(ClickHouseClient client, CancellationToken cancellationToken)
    {
        var facts = (await client.QueryAsync("SELECT version(), timezone()", cancellationToken))[0];
        var version = Parse(facts[0]!);
        var known = (await client.QueryAsync(
            $"SELECT name FROM system.settings WHERE name IN ('{InsertSettings.Token}', '{InsertSettings.Asynchronous}')", cancellationToken))
            .Select(row => row[0]!).ToHashSet(StringComparer.Ordinal);
        if (version >= new Version(20, 1)) // Older ones lack that table of settings, and the setting too.
        {
            known.UnionWith((await client.QueryAsync(
                $"SELECT name FROM system.merge_tree_settings WHERE name = '{InsertSettings.Window}'", cancellationToken)).Select(row => row[0]!));
        }
        return new ServerFeatures(version, facts[0]!, facts[1]!, known);
    }

    private static Version Parse(string text)
    {
        var parts = text.Split('.');
        return parts.Length > 1
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var major)
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var minor)
                ? new Version(major, minor)
                : throw new ClickHouseException(ClickHouseFault.Setup, 0, $"The server's version is '{text}', which Radar cannot read: is it ClickHouse?");
    }
}
