using Radar.Embedded.Postgres;

namespace Radar.Testing;

/// <summary>
/// The server that a test process shares: the one RADAR_TEST_POSTGRES names, or one of its own, made at first use and removed when the
/// process ends.
/// </summary>
internal static class TestPostgres
{
    private static readonly Lazy<Task<string>> Server = new(StartAsync);

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
        var server = await PostgresServer.StartAsync(settings, TimeProvider.System, CancellationToken.None);
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            server.DisposeAsync().AsTask().Wait(TimeSpan.FromSeconds(30));
            PostgresServer.Erase(folder);
            Directory.Delete(Path.GetDirectoryName(folder)!, recursive: true);
        };
        return server.ConnectionString;
    }
}
