using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Radar.Market;
using Radar.Market.Candles;
using Radar.Workers.Hosting;

namespace Radar.Workers.Producing;

/// <summary>
/// Candles of the exchange to PostgreSQL, then Kafka, then CSV. Each market goes on where its table ends; what was fetched and not stored is fetched
/// again, what was stored and not published is published again.
/// </summary>
internal sealed partial class CandleProducer(ProducerOptions options, Func<WorkerContext, Action<string?>, ICandleSource> open) : IWorker
{
    private const int PagesAhead = 4;
    private static readonly TimeSpan EmptyBegins = TimeSpan.FromDays(3);
    private static readonly TimeSpan AnswerPatience = TimeSpan.FromSeconds(3);

    private ICandleSource? _source;
    private ILogger _logger = null!;

    public async Task RunAsync(WorkerContext context, CancellationToken cancellationToken)
    {
        _logger = context.Loggers.CreateLogger<CandleProducer>();
        var activities = new Activities(context);
        _source?.Dispose();
        _source = open(context, phrase => activities.Set("exchange", phrase));
        context.Activity = null;
        await AskForMarketsAsync(context, cancellationToken).ConfigureAwait(false);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var markets = new List<(CandleTable Table, PricesCsv Csv)>();
        foreach (var symbol in options.Symbols)
        {
            var table = new CandleTable(context.Database, symbol);
            await table.EnsureAsync(cancellationToken).ConfigureAwait(false);
            var csv = new PricesCsv(PricesCsv.PathOf(options.DataDirectory, symbol), table);
            await SyncAsync(csv, context, cancellationToken).ConfigureAwait(false);
            markets.Add((table, csv));
        }
        await context.ReportRunningAsync(cancellationToken).ConfigureAwait(false);
        await TogetherAsync(stop, markets.SelectMany(m => Market(m.Table, m.Csv, context, activities, stop.Token))).ConfigureAwait(false);
    }

    public ValueTask DisposeAsync()
    {
        _source?.Dispose();
        _source = null;
        return ValueTask.CompletedTask;
    }

    // A market that the exchange does not know is told before anybody counts on us. An exchange that does not answer is waited for at work.
    private async Task AskForMarketsAsync(WorkerContext context, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(AnswerPatience, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            foreach (var symbol in options.Symbols)
            {
                await _source!.EnsureKnownAsync(symbol, either.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The work itself asks again, and says that it waits.
        }
    }

    private IEnumerable<Func<Task>> Market(CandleTable table, PricesCsv csv, WorkerContext context, Activities activities, CancellationToken cancellationToken)
    {
        var outbox = new TopicOutbox(options.BootstrapServers, table, context, activities);
        var pages = Channel.CreateBounded<IReadOnlyList<Candle>>(PagesAhead); // The exchange keeps what we have no room for.
        yield return () => FetchAsync(table, pages.Writer, cancellationToken);
        yield return () => StoreAsync(table, csv, pages.Reader, outbox, context, cancellationToken);
        yield return async () =>
        {
            using (outbox)
            {
                await outbox.RunAsync(cancellationToken).ConfigureAwait(false);
            }
        };
    }

    private async Task FetchAsync(CandleTable table, ChannelWriter<IReadOnlyList<Candle>> pages, CancellationToken cancellationToken)
    {
        // From the last stored one, which is fetched again and held against the exchange (C-01).
        var from = await table.MaxOpenTimeAsync(cancellationToken).ConfigureAwait(false)
            ?? options.Exchange.From
            ?? await _source!.NowAsync(cancellationToken).ConfigureAwait(false) - (long)EmptyBegins.TotalMilliseconds;
        LogFetching(table.Symbol, CandleTime.Format(from));
        await foreach (var page in _source!.ReadAsync(table.Symbol, from, cancellationToken).ConfigureAwait(false))
        {
            await pages.WriteAsync(page, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task StoreAsync(
        CandleTable table, PricesCsv csv, ChannelReader<IReadOnlyList<Candle>> pages, TopicOutbox outbox, WorkerContext context,
        CancellationToken cancellationToken)
    {
        var last = await table.MaxOpenTimeAsync(cancellationToken).ConfigureAwait(false) ?? -1; // Before everything.
        outbox.Offer(last, []); // Whatever was stored and not published before we came.
        await foreach (var page in pages.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            await context.Lease.EnsureHeldAsync(cancellationToken).ConfigureAwait(false);
            var stored = await table.InsertAsync(page, context.Lease.Fence, cancellationToken).ConfigureAwait(false);
            if (stored.Changed > 0)
            {
                LogCorrected(table.Symbol, stored.Changed, CandleTime.Format(page[0].OpenTime));
            }
            var fresh = page[0].OpenTime > last ? page : [.. page.Where(c => c.OpenTime > last)];
            if (fresh.Count > 0)
            {
                outbox.Offer(last, fresh);
                last = fresh[^1].OpenTime;
                context.Figures.Handled(fresh.Count);
                context.Figures.Set($"lastOpenTime.{table.Symbol}", last);
            }
            await AppendAsync(csv, page, stored.Changed > 0, context, cancellationToken).ConfigureAwait(false);
            context.Figures.Round();
        }
    }

    private async Task AppendAsync(PricesCsv csv, IReadOnlyList<Candle> candles, bool changed, WorkerContext context, CancellationToken cancellationToken)
    {
        try
        {
            await context.Lease.EnsureHeldAsync(cancellationToken).ConfigureAwait(false);
            await (changed ? csv.RewriteAsync(cancellationToken) : csv.AppendAsync(candles, cancellationToken)).ConfigureAwait(false);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            LogCsvFailed(csv.Path, problem.Message); // The next append brings the file level.
        }
    }

    private async Task SyncAsync(PricesCsv csv, WorkerContext context, CancellationToken cancellationToken)
    {
        try
        {
            await context.Lease.EnsureHeldAsync(cancellationToken).ConfigureAwait(false);
            await csv.SyncAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            LogCsvFailed(csv.Path, problem.Message);
        }
    }

    // The first to fail stops the others; its reason is the one that counts.
    private static async Task TogetherAsync(CancellationTokenSource stop, IEnumerable<Func<Task>> bodies)
    {
        var tasks = bodies.Select(body => Task.Run(body)).ToList();
        var first = await Task.WhenAny(tasks).ConfigureAwait(false);
        await stop.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first.ConfigureAwait(false);
    }

    [LoggerMessage(LogLevel.Information, "Fetching {Symbol} from {From}")]
    private partial void LogFetching(string symbol, string from);

    [LoggerMessage(LogLevel.Warning, "Corrected {Count} stored candle(s) of {Symbol} at or after {From}: the exchange says otherwise now")]
    private partial void LogCorrected(string symbol, int count, string from);

    [LoggerMessage(LogLevel.Warning, "Could not write '{File}', trying again with the next candle: {Problem}")]
    private partial void LogCsvFailed(string file, string problem);
}
