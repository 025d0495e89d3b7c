using Microsoft.Extensions.Logging;
using Radar.Market.Topics;
using Radar.Workers.Hosting;

namespace Radar.Workers.Producing.Wallex;

/// <summary>
/// Every trade of every Wallex market to Kafka, once each as far as they can be told apart, and without those gaps that REST can repair. What is not heard
/// is lost, so it hears although Kafka or PostgreSQL is away.
/// </summary>
internal sealed partial class TradeProducer(WallexOptions options) : IWorker
{
    private static readonly TimeSpan Behind = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LeasePatience = TimeSpan.FromSeconds(3);
    private FramePublisher? _publisher;

    public async Task RunAsync(WorkerContext context, CancellationToken cancellationToken)
    {
        _publisher ??= WallexWork.CreatePublisher(options, context);
        var logger = context.Loggers.CreateLogger<TradeProducer>();
        var book = new TradeBook(await OpenGaps.LoadAsync(context, options.LogsDirectory, cancellationToken).ConfigureAwait(false));
        using var open = new OpenGaps(book, context, options.LogsDirectory);
        var figures = new LineFigures(context.Time);
        var gaps = new GapList(options.LogsDirectory, context);
        using var rest = new WallexRestClient(options, context.Time);
        using var work = new WallexWork(context, cancellationToken);
        async ValueTask PublishAsync(byte[] frame, Action<bool>? done)
        {
            await context.Lease.AskAsync(LeasePatience, work.Stopping).ConfigureAwait(false);
            await open.EnsureSavedAsync(work.Stopping).ConfigureAwait(false);
            await _publisher.PublishAsync(frame, done, work.Stopping).ConfigureAwait(false);
        }
        var capture = new TradeCapture(book, frame => PublishAsync(frame, null));
        var held = new HeldTrades(rest, figures, options.MaxUndelivered, context.Time);
        var lines = new MarketLines(WallexStream.Trades, options, rest, held, figures, phrase => work.Activities.Set("exchange", phrase), context.Time, context.Loggers);
        var repair = capture.Repair = new TradeRepair(
            book, rest, gaps, options, PublishAsync, () => _publisher.Undelivered.Oldest > Behind, symbol => lines.Rotate(symbol, "trade"),
            context.Time, context.Loggers.CreateLogger<TradeRepair>());
        var dialled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task DialledAsync()
        {
            dialled.TrySetResult();
            return Task.CompletedTask;
        }
        async Task BeginAsync(CancellationToken token)
        {
            book.Begin(await TailAsync(context, work, held, logger, token).ConfigureAwait(false));
            await held.OpenAsync(capture, token).ConfigureAwait(false);
            await dialled.Task.WaitAsync(token).ConfigureAwait(false);
            await context.ReportRunningAsync(token).ConfigureAwait(false);
        }
        Func<CancellationToken, Task> Once(Task begun, Func<CancellationToken, Task> part) => async token =>
        {
            await begun.WaitAsync(token).ConfigureAwait(false);
            await part(token).ConfigureAwait(false);
        };
        void Tell(Action<string, double> set)
        {
            set("repairedTrades", repair.Repaired);
            set("openGaps", held.Opened.IsCompleted ? lines.Symbols.Count(symbol => book.Of(symbol).Gap is not null) : 0);
            set("unrepairedGaps", gaps.Count);
        }
        try
        {
            await work.TogetherAsync(
                token => lines.RunAsync(DialledAsync, token),
                held.AskAsync,
                BeginAsync,
                Once(held.Opened, repair.RunAsync),
                Once(held.Opened, open.RunAsync),
                Once(held.Opened, token => repair.AuditAsync(() => lines.Symbols, token)),
                gaps.TellAsync,
                token => work.TellAsync(_publisher, figures, lines, Tell, token)).ConfigureAwait(false);
        }
        finally
        {
            if (held.Count is > 0 and var count)
            {
                LogUnpublished(logger, count, options.Topic);
            }
            await _publisher.FlushAsync(WallexWork.LastWords).ConfigureAwait(false);
        }
    }

    public ValueTask DisposeAsync() => WallexWork.EndAsync(_publisher, options);

    // What the topic holds; as long as the broker is away the lines are heard, and that is held.
    private async Task<TradeTail> TailAsync(WorkerContext context, WallexWork work, HeldTrades held, ILogger logger, CancellationToken cancellationToken)
    {
        for (var isFirst = true; ; isFirst = false)
        {
            try
            {
                // The client's own patience is longer than ours when we are told to stop: it ends by itself.
                await TopicSetup.EnsureAsync(options.BootstrapServers, options.Topic, options.Partitions, cancellationToken).WaitAsync(cancellationToken).ConfigureAwait(false);
                var tail = await TradeTail.ReadAsync(options.BootstrapServers, options.Topic, cancellationToken).ConfigureAwait(false);
                work.Activities.Set("topic", null);
                return tail;
            }
            catch (Exception away) when (WorkerHost.Awaited(away) is not null && !cancellationToken.IsCancellationRequested)
            {
                work.Activities.Set("topic", $"waiting for Kafka, with {held.Count} frame(s) heard meanwhile: {away.Message}");
                if (isFirst)
                {
                    LogAway(logger, away.Message);
                }
                await Task.Delay(Retry, context.Time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "Waiting for Kafka, which says what was published before; what the exchange tells meanwhile is held: {Problem}")]
    private static partial void LogAway(ILogger logger, string problem);

    [LoggerMessage(LogLevel.Warning, "Ending with {Count} frame(s) heard that {Topic} has not taken. They are repaired from REST at the next start, as far as it reaches")]
    private static partial void LogUnpublished(ILogger logger, int count, string topic);
}
