using Npgsql;
using Radar.Market.Storage;

namespace Radar.Jobs.Hangfire;

/// <summary>Hangfire's own connections: a pool of its own, so that neither its jobs nor our pages can starve the other.</summary>
internal sealed class HangfireDatabase(string setting, int connections) : IAsyncDisposable
{
    /// <summary>What Hangfire works with.</summary>
    public NpgsqlDataSource Source { get; } = Quick(setting, connections);

    /// <summary>For the one connection that listens.</summary>
    public NpgsqlDataSource Ear { get; } = RadarDatabase.Create(setting, "engine wake-up", 1);

    public async ValueTask DisposeAsync()
    {
        await Source.DisposeAsync();
        await Ear.DisposeAsync();
    }

    private static NpgsqlDataSource Quick(string setting, int connections)
    {
        var settings = RadarDatabase.Parse(setting);
        settings.ApplicationName = "radar engine";
        settings.Timezone = "UTC";
        settings.MaxPoolSize = Math.Max(4, connections - 1);
        settings.Timeout = 15; // More workers than connections: each needs one for moments only, and may wait its turn.
        settings.MaxAutoPrepare = 100; // Hangfire repeats few statements: prepared, they cost two thirds.
        settings.AutoPrepareMinUsages = 2;
        settings.Enlist = false;
        return NpgsqlDataSource.Create(settings.ConnectionString);
    }
}
