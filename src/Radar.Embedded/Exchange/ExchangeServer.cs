using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Radar.Embedded.Exchange.Wallex;

namespace Radar.Embedded.Exchange;

/// <summary>The simulated exchange on loopback.</summary>
public sealed class ExchangeServer : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly SimulatedClock _clock;
    private readonly WallexExchange? _wallex;

    private ExchangeServer(WebApplication application, SimulatedClock clock, WallexExchange? wallex)
    {
        _application = application;
        _clock = clock;
        _wallex = wallex;
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
        var wallex = settings.Wallex is { } side ? new WallexExchange(side, time) : null;
        var clock = SimulatedClock.Start(settings, time);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{settings.Port}");
        var application = builder.Build();
        new BinanceApi(settings, candles, clock, time).Map(application);
        if (wallex is not null)
        {
            application.UseWebSockets();
            wallex.Map(application);
        }
        try
        {
            await application.StartAsync(cancellationToken);
        }
        catch (IOException ex)
        {
            clock.Dispose();
            await (wallex?.DisposeAsync() ?? default);
            await application.DisposeAsync();
            throw new EmbeddedException($"The exchange cannot listen on port {settings.Port}: {ex.Message}", ex);
        }
        return new ExchangeServer(application, clock, wallex);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await (_wallex?.StopAsync() ?? Task.CompletedTask); // The web server waits for its sockets.
        await _application.DisposeAsync();
        await (_wallex?.DisposeAsync() ?? default);
        _clock.Dispose();
    }
}
