using Npgsql;
using Radar.Jobs.Fleet;
using Radar.Testing;

namespace Radar.Scheduler.Tests;

/// <summary>One scheduler that the tests of a class share.</summary>
public sealed class SchedulerFixture : IAsyncLifetime
{
    private readonly PostgresFixture _postgres = new();

    internal SchedulerUnderTest Scheduler { get; private set; } = null!;

    internal NpgsqlDataSource Database { get; private set; } = null!;

    internal string Server => _postgres.Server;

    /// <summary>Folder that the scheduler looks for logs in.</summary>
    public string Logs { get; } = Directory.CreateTempSubdirectory("radar-scheduler-logs-").FullName;

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        await _postgres.InitializeAsync();
        Database = await _postgres.CreateDatabaseAsync();
        Scheduler = await SchedulerUnderTest.StartAsync(_postgres.Server, Database, ("Radar:Logs:Directory", Logs), ("Radar:Market:Symbols", "BTCUSDT"));
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        await Scheduler.DisposeAsync();
        await _postgres.DisposeAsync();
        Directory.Delete(Logs, recursive: true);
    }

    /// <summary>A database beside the scheduler's own.</summary>
    internal Task<NpgsqlDataSource> CreateDatabaseAsync() => _postgres.CreateDatabaseAsync();

    internal async Task ExecuteAsync(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    internal async Task<T> ValueAsync<T>(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>A worker that nobody runs.</summary>
    internal async Task AddWorkerAsync(WorkerId id, string figures = "{}")
    {
        await using var command = Database.CreateCommand("""
            INSERT INTO radar.workers (worker_id, kind, desired, desired_by, figures, heartbeat_at) VALUES ($1, 'prediction-consumer', 'start', 'test', $2::jsonb, now())
            ON CONFLICT (worker_id) DO UPDATE SET desired = 'start', actual = 'wait', figures = excluded.figures
            """);
        command.Parameters.AddWithValue(id.Value);
        command.Parameters.AddWithValue(figures);
        await command.ExecuteNonQueryAsync();
    }
}
