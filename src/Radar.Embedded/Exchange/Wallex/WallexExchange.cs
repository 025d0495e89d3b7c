using Microsoft.AspNetCore.Routing;

namespace Radar.Embedded.Exchange.Wallex;

/// <summary>The exchange's Wallex side, from its first breath to its last.</summary>
internal sealed class WallexExchange : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly WallexHub _hub;
    private readonly WallexApi _api;
    private readonly Task _flowing;

    /// <summary>Reads the recording if it replays one, opens the ledger, and lets the market go.</summary>
    /// <exception cref="EmbeddedException">An unreadable recording.</exception>
    public WallexExchange(WallexSettings settings, TimeProvider time)
    {
        var recording = settings.Replay is { } path ? WallexRecording.Read(path) : null;
        var markets = recording is null ? MarketNames.Take(settings.Markets) : [.. recording.Markets.Order(StringComparer.Ordinal)];
        _hub = new WallexHub(settings, markets, time);
        var flow = recording is null ? new WallexFlow(settings, markets, _hub, time) : new WallexFlow(settings, recording, _hub, time);
        _api = new WallexApi(settings, _hub, flow, time, _stop.Token);
        _flowing = Task.Run(() => flow.RunAsync(_stop.Token));
    }

    /// <summary>Maps every path.</summary>
    public void Map(IEndpointRouteBuilder routes) => _api.Map(routes);

    /// <summary>Ends every connection and the flow; the ledger is whole then.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _flowing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _hub.Dispose();
        _stop.Dispose();
    }
}
