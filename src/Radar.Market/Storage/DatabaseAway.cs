using System.Net.Sockets;
using Npgsql;

namespace Radar.Market.Storage;

/// <summary>Tells a server that is away, starting, stopping or full (waiting helps) from a statement that is wrong (it does not).</summary>
public static class DatabaseAway
{
    /// <summary>Whether the same statement may succeed once the server is back.</summary>
    public static bool Is(Exception? problem) => problem switch
    {
        PostgresException answer => answer.IsTransient || answer.SqlState[..2] is "08" or "53" or "57" || answer.SqlState == "25P03",
        NpgsqlException => true, // Not an answer of the server: it could not be reached, or broke off.
        SocketException or TimeoutException => true,
        AggregateException { InnerException: { } inner } => Is(inner),
        _ => false,
    };
}
