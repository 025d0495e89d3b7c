using System.Net;
using System.Net.Sockets;
using Radar.Embedded.Postgres;

namespace Radar.Bench;

/// <summary>A PostgreSQL server for a benchmark alone.</summary>
internal static class BenchPostgres
{
    public static async Task<PostgresServer> StartAsync(string folder, TimeProvider time, CancellationToken cancellationToken)
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var port = ((IPEndPoint)probe.LocalEndpoint).Port;
        probe.Stop();
        return await PostgresServer.StartAsync(new PostgresSettings(Path.Combine(folder, "postgres"), port, Guid.NewGuid().ToString("n")), time, cancellationToken);
    }

    /// <summary>Removes a benchmark's folder with what its server kept, which as root lies elsewhere.</summary>
    public static void Erase(string folder)
    {
        PostgresServer.Erase(Path.Combine(folder, "postgres"));
        Directory.Delete(folder, recursive: true);
    }
}
