using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace Radar.Jobs.Fleet;

/// <summary>A short name of a fleet, made of where its database is: it stands in the arguments of its processes, so it tells no secret.</summary>
public static class FleetKey
{
    /// <summary>Eight hex digits for the database that this connection string leads to.</summary>
    public static string Of(string connectionString)
    {
        var database = new NpgsqlConnectionStringBuilder(connectionString);
        var text = $"{database.Host}|{database.Port}|{database.Database}";
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 4));
    }
}
