using Microsoft.Extensions.Logging;
using Radar.Workers.Hosting;

namespace Radar.Workers.Producing.Wallex;

/// <summary>What both producers do around their own work: run their parts together, tell figures, flush.</summary>
internal sealed class WallexWork : IDisposable
{
    /// <summary>How long the end of a run may take over its last frames; the end of the process takes longer.</summary>
    public static readonly TimeSpan LastWords = TimeSpan.FromSeconds(0.4);

    private static readonly TimeSpan TellEvery = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(3);
    private readonly WorkerContext _context;
    private readonly CancellationTokenSource _stop;

    public WallexWork(WorkerContext context, CancellationToken cancellationToken)
    {
        _context = context;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Activities = new Activities(context);
        context.Activity = null;
    }

    /// <summary>What is said to be going on.</summary>
    public Activities Activities { get; }

    /// <summary>Signalled when the run is to end.</summary>
    public CancellationToken Stopping => _stop.Token;

    public static FramePublisher CreatePublisher(WallexOptions options, WorkerContext context) =>
        new(options.BootstrapServers, options.Topic, options.MaxUndelivered, context.Time, context.Loggers.CreateLogger<FramePublisher>())
        {
            Delivered = count => context.Figures.Handled(count),
        };

    /// <summary>The end of a worker: everything is delivered, or it is said how much is not.</summary>
    public static async ValueTask EndAsync(FramePublisher? publisher, WallexOptions options)
    {
        if (publisher is not null)
        {
            await publisher.EndAsync(options.FlushWithin).ConfigureAwait(false);
            await publisher.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Runs all parts until the first of them ends; its reason is the one that counts.</summary>
    public async Task TogetherAsync(params Func<CancellationToken, Task>[] parts)
    {
        var tasks = parts.Select(part => Task.Run(() => part(_stop.Token))).ToList();
        Task first;
        do
        {
            first = await Task.WhenAny(tasks).ConfigureAwait(false);
            tasks.Remove(first);
        }
        while (first.IsCompletedSuccessfully && tasks.Count > 0); // A part that has nothing to do may end.
        await _stop.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first.ConfigureAwait(false);
    }

    /// <summary>Keeps the figures of the heartbeat, and says so when the broker is waited for.</summary>
    public async Task TellAsync(FramePublisher publisher, LineFigures figures, MarketLines lines, Action<Action<string, double>> more, CancellationToken cancellationToken)
    {
        while (true)
        {
            var (undelivered, oldest) = publisher.Undelivered;
            _context.Figures.Set("reconnects", figures.Reconnects);
            _context.Figures.Set("connections", figures.Connections);
            _context.Figures.Set("framesReceived", figures.Frames);
            _context.Figures.Set("deliveryFailures", publisher.Failures);
            _context.Figures.Set("undelivered", undelivered);
            _context.Figures.Set("undeliveredAgeSeconds", Math.Round(oldest.TotalSeconds, 1));
            _context.Figures.Set("markets", lines.Symbols.Count);
            if (figures.SinceLast is { } since)
            {
                _context.Figures.Set("lastMessageAgeSeconds", Math.Round(since.TotalSeconds, 1));
            }
            more(_context.Figures.Set);
            Activities.Set("kafka", oldest > Slow ? $"waiting for Kafka to take {undelivered} frame(s){(publisher.Problem is { } problem ? ": " + problem : "")}" : null);
            await Task.Delay(TellEvery, _context.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    public void Dispose() => _stop.Dispose();
}
