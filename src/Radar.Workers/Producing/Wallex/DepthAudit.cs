using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Radar.Workers.Producing.Wallex;

/// <summary>Order books that no connection speaks of are held against REST: one that moved meanwhile has lost its subscription.</summary>
internal sealed partial class DepthAudit(
    DepthSlots slots, WallexRestClient rest, WallexOptions options, Action<string, string> mistrust, TimeProvider time, ILogger<DepthAudit> logger)
{
    private readonly ILogger _logger = logger;

    /// <summary>Looks until it is stopped.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (options.AuditEvery == TimeSpan.Zero)
        {
            return;
        }
        while (true)
        {
            await Task.Delay(options.AuditEvery, time, cancellationToken).ConfigureAwait(false);
            foreach (var (channel, newest) in slots.Silent(options.AuditEvery))
            {
                await LookAsync(channel, newest, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task LookAsync(string channel, byte[] newest, CancellationToken cancellationToken)
    {
        var (symbol, kind) = channel.Split('@') is [var market, var side] ? (market, side) : (channel, "");
        try
        {
            var (sell, buy) = await rest.DepthAsync(symbol, cancellationToken).ConfigureAwait(false);
            if ((kind == "sellDepth" ? sell : buy) is { } now && now != Top(newest) && slots.Silent(options.AuditEvery).Any(silent => silent.Channel == channel))
            {
                LogSilent(channel);
                mistrust(symbol, kind);
            }
        }
        catch (WallexRestException)
        {
            // Its turn comes again.
        }
    }

    private static DepthTop? Top(byte[] frame)
    {
        try
        {
            using var document = JsonDocument.Parse(frame);
            return DepthTop.Read(document.RootElement[1]);
        }
        catch (Exception ex) when (ex is JsonException or FormatException or KeyNotFoundException or InvalidOperationException or IndexOutOfRangeException)
        {
            return null;
        }
    }

    [LoggerMessage(LogLevel.Warning, "{Channel} was silent although REST says that it moved; its connection is replaced")]
    private partial void LogSilent(string channel);
}
