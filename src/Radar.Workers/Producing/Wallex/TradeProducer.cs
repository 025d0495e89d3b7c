using Microsoft.Extensions.Logging;
using Radar.Market.Topics;
using Radar.Workers.Hosting;

namespace Radar.Workers.Producing.Wallex;

/// <summary>Every trade of every Wallex market to Kafka, once each as far as they can be told apart, and without those gaps that REST can repair.</summary>
internal sealed class TradeProducer(WallexOptions options) : IWorker
{
    private static readonly TimeSpan Behind = TimeSpan.FromSeconds(5);
    private FramePublisher? _publisher;

    public async Task RunAsync(WorkerContext context, CancellationToken cancellationToken)
    {
        _publisher ??= WallexWork.CreatePublisher(options, context);
        // The client's own patience is longer than ours when we are told to stop: it ends by itself.
        await TopicSetup.EnsureAsync(options.BootstrapServers, options.Topic, options.Partitions, cancellationToken).WaitAsync(cancellationToken).ConfigureAwait(false);
        var left = await OpenGaps.LoadAsync(context, options.LogsDirectory, cancellationToken).ConfigureAwait(false);
        var book = new TradeBook(await TradeTail.ReadAsync(options.BootstrapServers, options.Topic, context.Time, cancellationToken).ConfigureAwait(false), left);
        using var open = new OpenGaps(book, context, options.LogsDirectory);
        var figures = new LineFigures(context.Time);
        var gaps = new GapList(options.LogsDirectory, context);
        using var rest = new WallexRestClient(options, context.Time);
        using var work = new WallexWork(context, cancellationToken);
        async ValueTask PublishAsync(byte[] frame, Action<bool>? done)
        {
            await context.Lease.EnsureHeldAsync(work.Stopping).ConfigureAwait(false);
            await open.EnsureSavedAsync(work.Stopping).ConfigureAwait(false);
            await _publisher.PublishAsync(frame, done, work.Stopping).ConfigureAwait(false);
        }
        var capture = new TradeCapture(book, figures, frame => PublishAsync(frame, null));
        var lines = new MarketLines(WallexStream.Trades, options, rest, capture, figures, phrase => work.Activities.Set("exchange", phrase), context.Time, context.Loggers);
        var repair = capture.Repair = new TradeRepair(
            book, rest, gaps, options, PublishAsync, () => _publisher.Undelivered.Oldest > Behind, symbol => lines.Rotate(symbol, "trade"),
            context.Time, context.Loggers.CreateLogger<TradeRepair>());
        void Tell(Action<string, double> set)
        {
            set("repairedTrades", repair.Repaired);
            set("openGaps", lines.Symbols.Count(symbol => book.Of(symbol).Gap is not null));
            set("unrepairedGaps", gaps.Count);
        }
        try
        {
            await work.TogetherAsync(
                token => lines.RunAsync(() => context.ReportRunningAsync(token), token),
                repair.RunAsync,
                open.RunAsync,
                token => repair.AuditAsync(() => lines.Symbols, token),
                token => work.TellAsync(_publisher, figures, lines, Tell, token)).ConfigureAwait(false);
        }
        finally
        {
            await _publisher.FlushAsync(WallexWork.LastWords).ConfigureAwait(false);
        }
    }

    public ValueTask DisposeAsync() => WallexWork.EndAsync(_publisher, options);
}
