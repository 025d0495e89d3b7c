using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Radar.Embedded.Exchange;

/// <summary>The simulated exchange on loopback.</summary>
public sealed class ExchangeServer : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly SimulatedClock _clock;

    private ExchangeServer(WebApplication application, SimulatedClock clock)
    {
        _application = application;
        _clock = clock;
    }

    /// <summary>REST base for clients.</summary>
    public Uri Address => new(_application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    /// <summary>Reads dumps if it replays, and starts to listen.</summary>
    /// <exception cref="EmbeddedException">An unreadable dump, a range without candles, or a port that is taken.</exception>
    public static async Task<ExchangeServer> StartAsync(ExchangeSettings settings, TimeProvider time, CancellationToken cancellationToken)
    {
        ICandleSource candles = settings.ReplayFolder is { } folder
            ? ReplayedCandles.Read(folder, settings.Symbols[0], settings.From, settings.To ?? long.MaxValue)
            : new SimulatedCandles(settings.Seed, settings.From, settings.To);
        var clock = SimulatedClock.Start(settings, time);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{settings.Port}");
        var application = builder.Build();
        new BinanceApi(settings, candles, clock, time).Map(application);
        try
        {
            await application.StartAsync(cancellationToken);
        }
        catch (IOException ex)
        {
            clock.Dispose();
            await application.DisposeAsync();
            throw new EmbeddedException($"The exchange cannot listen on port {settings.Port}: {ex.Message}", ex);
        }
        return new ExchangeServer(application, clock);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync();
        _clock.Dispose();
    }
}
