using Npgsql;

namespace Radar.Jobs.Quartz;

/// <summary>Quartz's own connections: a pool of its own, so that neither its jobs nor our pages can starve the other.</summary>
internal sealed class QuartzDatabase(string connectionString, int connections) : IAsyncDisposable
{
    /// <summary>What Quartz is told to connect with.</summary>
    public string ConnectionString { get; } = new NpgsqlConnectionStringBuilder(connectionString)
    {
        ApplicationName = "radar engine",
        Timezone = "UTC",
        MaxPoolSize = Math.Max(2, connections - 1),
        Timeout = 5,
        MaxAutoPrepare = 100,
        AutoPrepareMinUsages = 2,
    }.ConnectionString;

    /// <summary>For our own statements beside Quartz's: the one that listens.</summary>
    public NpgsqlDataSource Source { get; } = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString)
    {
        ApplicationName = "radar engine wake-up",
        Timezone = "UTC",
        MaxPoolSize = 2,
        KeepAlive = 10,
        Timeout = 5,
    }.ConnectionString);

    public ValueTask DisposeAsync() => Source.DisposeAsync();
}
