using Npgsql;
using Radar.Market.Storage;

namespace Radar.Jobs.Quartz;

/// <summary>Quartz's own connections: a pool of its own, so that neither its jobs nor our pages can starve the other.</summary>
internal sealed class QuartzDatabase(string setting, int connections) : IAsyncDisposable
{
    /// <summary>What Quartz is told to connect with.</summary>
    public string ConnectionString { get; } = Quick(setting, connections);

    /// <summary>For our own statements beside Quartz's: the one that listens.</summary>
    public NpgsqlDataSource Source { get; } = RadarDatabase.Create(setting, "engine wake-up", 2);

    public ValueTask DisposeAsync() => Source.DisposeAsync();

    private static string Quick(string setting, int connections)
    {
        var settings = RadarDatabase.Parse(setting);
        settings.ApplicationName = "radar engine";
        settings.Timezone = "UTC";
        settings.MaxPoolSize = Math.Max(2, connections - 2);
        settings.Timeout = 5;
        settings.MaxAutoPrepare = 100; // Quartz repeats few statements: prepared, they cost two thirds.
        settings.AutoPrepareMinUsages = 2;
        settings.NoResetOnClose = true; // It leaves nothing behind in a session.
        // Plans are made while nothing waits, and kept: by the index from the beginning they are right for thousands, too.
        settings.Options = $"{settings.Options} -c enable_seqscan=off -c enable_bitmapscan=off -c enable_sort=off -c plan_cache_mode=force_generic_plan".Trim();
        return settings.ConnectionString;
    }
}
