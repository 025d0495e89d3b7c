using System.Net;
using System.Net.Sockets;
using Npgsql;
using Radar.Embedded.Postgres;
using Xunit;

namespace Radar.Testing;

/// <summary>
/// A PostgreSQL server, in which every test makes databases of its own. They are dropped at the end. The server is the one that
/// <c>RADAR_TEST_POSTGRES</c> names by its connection string, or else one of our own that lasts as long as the fixture.
/// </summary>
public sealed class PostgresFixture : IAsyncLifetime
{
    private readonly List<(string Name, NpgsqlDataSource Source)> _databases = [];
    private string _server = "";

    private PostgresServer? _own;
    private string? _folder;

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        if (Environment.GetEnvironmentVariable("RADAR_TEST_POSTGRES") is { Length: > 0 } server)
        {
            _server = server;
            return;
        }
        _folder = Directory.CreateTempSubdirectory("radar-test-postgres-").FullName;
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        var settings = new PostgresSettings(_folder, port, Guid.NewGuid().ToString("n"))
        {
            Options = ["fsync=off", "full_page_writes=off", "synchronous_commit=off"], // Nothing of a test need survive a power cut.
        };
        _own = await PostgresServer.StartAsync(settings, TimeProvider.System, CancellationToken.None);
        _server = _own.ConnectionString;
    }

    /// <summary>A new, empty database.</summary>
    public async Task<NpgsqlDataSource> CreateDatabaseAsync()
    {
        var name = $"radar_test_{Guid.NewGuid():n}";
        await ExecuteAsync($"CREATE DATABASE {name}");
        var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(_server)
        {
            Database = name,
            MaxPoolSize = 6,
            Timezone = "UTC",
            ApplicationName = "radar tests",
        }.ConnectionString);
        lock (_databases)
        {
            _databases.Add((name, source));
        }
        return source;
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        foreach (var (name, source) in _databases)
        {
            await source.DisposeAsync();
            if (_own is null)
            {
                await ExecuteAsync($"DROP DATABASE IF EXISTS {name} WITH (FORCE)");
            }
        }
        if (_own is not null)
        {
            await _own.DisposeAsync();
            Directory.Delete(_folder!, recursive: true);
        }
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(_server) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
