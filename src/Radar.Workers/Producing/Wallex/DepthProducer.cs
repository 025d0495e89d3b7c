using Microsoft.Extensions.Logging;
using Radar.Market.Topics;
using Radar.Workers.Hosting;

namespace Radar.Workers.Producing.Wallex;

/// <summary>Both sides of every Wallex order book to Kafka: the newest frame of each that changed, once an interval.</summary>
internal sealed class DepthProducer(WallexOptions options) : IWorker
{
    private FramePublisher? _publisher;

    public async Task RunAsync(WorkerContext context, CancellationToken cancellationToken)
    {
        _publisher ??= WallexWork.CreatePublisher(options, context);
        await TopicSetup.EnsureAsync(options.BootstrapServers, options.Topic, options.Partitions, cancellationToken).WaitAsync(cancellationToken).ConfigureAwait(false);
        var figures = new LineFigures(context.Time);
        var slots = new DepthSlots(figures, context.Time);
        using var rest = new WallexRestClient(options, context.Time);
        using var work = new WallexWork(context, cancellationToken);
        var lines = new MarketLines(WallexStream.Depth, options, rest, slots, figures, phrase => work.Activities.Set("exchange", phrase), context.Time, context.Loggers);
        var audit = new DepthAudit(slots, rest, options, lines.Rotate, context.Time, context.Loggers.CreateLogger<DepthAudit>());
        try
        {
            await work.TogetherAsync(
                token => lines.RunAsync(() => context.ReportRunningAsync(token), token),
                token => PublishAsync(slots, context, token),
                audit.RunAsync,
                token => work.TellAsync(_publisher, figures, lines, _ => { }, token)).ConfigureAwait(false);
        }
        finally
        {
            if (context.Lease.IsHeld)
            {
                using var words = new CancellationTokenSource(WallexWork.LastWords * 2, context.Time);
                await slots.PublishLastAsync(
                    Publish(context, words.Token),
                    async () => await _publisher.FlushAsync(WallexWork.LastWords).ConfigureAwait(false) == 0).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    public ValueTask DisposeAsync() => WallexWork.EndAsync(_publisher, options);

    private async Task PublishAsync(DepthSlots slots, WorkerContext context, CancellationToken cancellationToken)
    {
        using var interval = new PeriodicTimer(options.Throttle, context.Time);
        while (await interval.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
        {
            await slots.PublishChangedAsync(Publish(context, cancellationToken)).ConfigureAwait(false);
        }
    }

    private Func<byte[], Action<bool>, ValueTask> Publish(WorkerContext context, CancellationToken cancellationToken) => async (frame, done) =>
    {
        await context.Lease.EnsureHeldAsync(cancellationToken).ConfigureAwait(false);
        await _publisher!.PublishAsync(frame, done, cancellationToken).ConfigureAwait(false);
    };
}
