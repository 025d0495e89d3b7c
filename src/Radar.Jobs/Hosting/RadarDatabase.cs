using Microsoft.Extensions.Configuration;
using Npgsql;

namespace Radar.Jobs.Hosting;

/// <summary>How every process of ours connects to PostgreSQL.</summary>
public static class RadarDatabase
{
    /// <summary>The connection string from <c>Radar:Database</c> or <c>DATABASE_URL</c> (also as postgres://user:password@host:port/name).</summary>
    /// <exception cref="InvalidOperationException">Neither is set, or it cannot be read.</exception>
    public static string ConnectionString(IConfiguration configuration)
    {
        var text = configuration["Radar:Database"] ?? configuration["DATABASE_URL"] ?? throw new InvalidOperationException(
            "Radar:Database is not set. Give a connection string, e.g. RADAR__DATABASE='Host=127.0.0.1;Port=5432;Username=radar;Password=…;Database=radar'.");
        try
        {
            if (!text.StartsWith("postgres", StringComparison.OrdinalIgnoreCase) || !text.Contains("://", StringComparison.Ordinal))
            {
                return new NpgsqlConnectionStringBuilder(text).ConnectionString;
            }

            var uri = new Uri(text);
            var user = uri.UserInfo.Split(':', 2);
            return new NpgsqlConnectionStringBuilder
            {
                Host = uri.Host,
                Port = uri.IsDefaultPort || uri.Port < 0 ? 5432 : uri.Port,
                Database = uri.AbsolutePath.Trim('/'),
                Username = Uri.UnescapeDataString(user[0]),
                Password = user.Length > 1 ? Uri.UnescapeDataString(user[1]) : null,
            }.ConnectionString;
        }
        catch (Exception wrong) when (wrong is ArgumentException or UriFormatException)
        {
            throw new InvalidOperationException(
                $"Radar:Database cannot be read ({wrong.Message}). Expected e.g. 'Host=127.0.0.1;Port=5432;Username=radar;Password=…;Database=radar'.");
        }
    }

    /// <summary>A pool for a process: UTC, named <c>radar PROCESS</c>, and no larger than its part of the connection budget.</summary>
    public static NpgsqlDataSource Create(string connectionString, string process, int maximumPoolSize)
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString)
        {
            Timezone = "UTC",
            ApplicationName = $"radar {process}",
            MaxPoolSize = maximumPoolSize,
            KeepAlive = 10, // A listening connection must notice that its server is gone.
            Timeout = 5,
        };
        return NpgsqlDataSource.Create(builder.ConnectionString);
    }
}
