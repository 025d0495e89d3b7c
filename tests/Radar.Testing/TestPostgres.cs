using System.Diagnostics;
using Radar.Embedded.Postgres;

namespace Radar.Testing;

/// <summary>
/// The server that a test process shares: the one RADAR_TEST_POSTGRES names, or one of its own, made at first use and removed when the
/// process ends.
/// </summary>
internal static class TestPostgres
{
    private static readonly Lazy<Task<string>> Server = new(StartAsync);

    // Held: the pipes of both must not be closed before we end.
    private static PostgresServer? _server;
    private static Process? _remover;

    /// <summary>Connection string of a user who may create databases.</summary>
    public static Task<string> ConnectionStringAsync() => Server.Value;

    private static async Task<string> StartAsync()
    {
        if (Environment.GetEnvironmentVariable("RADAR_TEST_POSTGRES") is { Length: > 0 } given)
        {
            return given;
        }
        var folder = Path.Combine(Directory.CreateTempSubdirectory("radar-test-").FullName, "postgres");
        var settings = new PostgresSettings(folder, FreePort.Next(), Guid.NewGuid().ToString("n"))
        {
            // Test databases need not outlive the machine.
            Options = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=300"],
        };
        RemoveAtTheEnd(Path.GetDirectoryName(folder)!, PostgresHome.Elsewhere(folder));
        _server = await PostgresServer.StartAsync(settings, TimeProvider.System, CancellationToken.None);
        return _server.ConnectionString;
    }

    // A test host is killed shortly after its last test: too soon for a server to stop. Both the server's watcher and this shell see our end
    // by a pipe's.
    private static void RemoveAtTheEnd(string folder, string elsewhere)
    {
        const string Script = """
            exec >/dev/null 2>&1
            read -r _
            tries=0
            while [ -e "$1/postgres/data/postmaster.pid" ] && [ $tries -lt 300 ]; do sleep 0.1; tries=$((tries + 1)); done
            rm -rf "$1" "$2"
            """;
        var start = new ProcessStartInfo("setsid", ["sh", "-c", Script, "sh", folder, elsewhere]) { RedirectStandardInput = true };
        _remover = Process.Start(start);
    }
}
