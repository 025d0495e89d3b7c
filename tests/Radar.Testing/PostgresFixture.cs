using Npgsql;
using Xunit;

namespace Radar.Testing;

/// <summary>A PostgreSQL server, in which every test makes databases of its own. They are dropped at the end.</summary>
public sealed class PostgresFixture : IAsyncLifetime
{
    private readonly List<(string Name, NpgsqlDataSource Source)> _databases = [];
    private string _server = "";

    /// <inheritdoc/>
    public async Task InitializeAsync() => _server = await TestPostgres.ConnectionStringAsync();

    /// <summary>The server; its user may create databases.</summary>
    public string Server => _server;

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
            PersistSecurityInfo = true, // Tests start processes that must get in as well.
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
            await ExecuteAsync($"DROP DATABASE IF EXISTS {name} WITH (FORCE)");
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
