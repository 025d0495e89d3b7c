using Npgsql;

namespace Radar.Market.Storage;

/// <summary>How every process of Radar connects to PostgreSQL: in UTC, under its own name, with a pool no larger than its share.</summary>
public static class RadarDatabase
{
    /// <summary>A data source for one process.</summary>
    /// <param name="setting">Value of Radar:Database: an Npgsql connection string, or a URL such as <c>postgresql://user:password@host:5432/name</c>.</param>
    /// <param name="process">What <c>pg_stat_activity</c> shows after "radar ", such as <c>agent</c> or <c>BTCUSDT/lightgbm/v1 #4711.5d01c3a9</c>.</param>
    /// <param name="maxPoolSize">Most connections of this process.</param>
    /// <param name="prepares">It repeats few statements, many times: prepared, they cost two thirds.</param>
    /// <exception cref="ArgumentException">The setting is neither; the message does not repeat it, since it may hold a password.</exception>
    public static NpgsqlDataSource Create(string setting, string process, int maxPoolSize, bool prepares = false)
    {
        var settings = Parse(setting);
        settings.ApplicationName = $"radar {process}";
        settings.Timezone = "UTC";
        settings.MaxPoolSize = maxPoolSize;
        settings.MinPoolSize = 0;
        settings.KeepAlive = 10; // A listener must notice a server that went without saying so.
        if (prepares)
        {
            settings.MaxAutoPrepare = 100;
            settings.AutoPrepareMinUsages = 5;
            // And planned once: a plan made anew for each call costs more than most of them.
            settings.Options = $"{settings.Options} -c plan_cache_mode=force_generic_plan".Trim();
        }
        if (!settings.ContainsKey("Timeout"))
        {
            settings.Timeout = 5;
        }
        return NpgsqlDataSource.Create(settings);
    }

    /// <summary>Reads the setting, without our additions.</summary>
    /// <exception cref="ArgumentException">As for <see cref="Create"/>.</exception>
    public static NpgsqlConnectionStringBuilder Parse(string setting)
    {
        try
        {
            return setting.StartsWith("postgres://", StringComparison.Ordinal) || setting.StartsWith("postgresql://", StringComparison.Ordinal)
                ? FromUrl(new Uri(setting))
                : new NpgsqlConnectionStringBuilder(setting);
        }
        catch (Exception malformed) when (malformed is ArgumentException or UriFormatException or FormatException)
        {
            throw new ArgumentException(
                "Radar:Database (or DATABASE_URL) is not a connection: write it as 'Host=127.0.0.1;Port=5432;Username=radar;Password=...;Database=radar' " +
                $"or 'postgresql://radar:...@127.0.0.1:5432/radar'. {malformed.Message}");
        }
    }

    private static NpgsqlConnectionStringBuilder FromUrl(Uri url)
    {
        var user = url.UserInfo.Split(':', 2);
        return new NpgsqlConnectionStringBuilder
        {
            Host = url.Host,
            Port = url.Port > 0 ? url.Port : 5432,
            Database = Uri.UnescapeDataString(url.AbsolutePath.TrimStart('/')),
            Username = Uri.UnescapeDataString(user[0]),
            Password = user.Length > 1 ? Uri.UnescapeDataString(user[1]) : null,
        };
    }
}
