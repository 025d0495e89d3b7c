using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Radar.Embedded.ClickHouse;

/// <summary>ClickHouse's engine behind its HTTP interface, on loopback. One in the life of a process; see <see cref="ChdbEngine"/>.</summary>
internal sealed class ClickHouseServer : IAsyncDisposable
{
    // Less than the launcher waits before it kills.
    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(25);

    // The real server's http_receive_timeout: a client that sends nothing for so long is gone.
    private static readonly TimeSpan SilenceDeadline = TimeSpan.FromSeconds(30);
    private readonly WebApplication _application;
    private readonly ChdbEngine _engine;

    private ClickHouseServer(WebApplication application, ChdbEngine engine)
    {
        _application = application;
        _engine = engine;
    }

    /// <summary>Base address for clients.</summary>
    public Uri Address => new(_application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    /// <summary>ClickHouse's version.</summary>
    public string Version => _engine.Version;

    /// <summary>Starts the engine on its folder, then listens.</summary>
    /// <exception cref="EmbeddedException">The library is not there, the folder is in use, or the port is taken.</exception>
    public static async Task<ClickHouseServer> StartAsync(ClickHouseSettings settings, CancellationToken cancellationToken)
    {
        var engine = ChdbEngine.Start(settings.Folder);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddSimpleConsole(console => console.SingleLine = true).SetMinimumLevel(LogLevel.Warning);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = StopDeadline);
        builder.WebHost.UseUrls($"http://127.0.0.1:{settings.Port}").ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(bytesPerSecond: 1, gracePeriod: SilenceDeadline);
        });
        var application = builder.Build();
        new ClickHouseApi(settings, engine, application.Services.GetRequiredService<ILogger<ClickHouseServer>>()).Map(application);
        try
        {
            await application.StartAsync(cancellationToken);
        }
        catch (IOException ex)
        {
            await application.DisposeAsync();
            throw new EmbeddedException($"ClickHouse cannot listen on port {settings.Port}: {ex.Message}", ex);
        }
        return new ClickHouseServer(application, engine);
    }

    /// <summary>Takes no more requests, waits for those that run, and stops.</summary>
    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync(CancellationToken.None);
        await _application.DisposeAsync();
    }
}
