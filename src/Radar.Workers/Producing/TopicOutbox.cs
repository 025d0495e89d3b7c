using Microsoft.Extensions.Logging;
using Radar.Market;
using Radar.Market.Candles;
using Radar.Market.Topics;
using Radar.Workers.Hosting;

namespace Radar.Workers.Producing;

/// <summary>
/// Publishes a market's candles after they are stored. The candle table is its queue and the watermark its place in it, so a broker that is away stops
/// neither candles from being stored nor loses one: what was not acknowledged is published again.
/// </summary>
internal sealed partial class TopicOutbox : IDisposable
{
    private const int BlockRows = 4_000;
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    private readonly string _bootstrapServers;
    private readonly CandleTable _table;
    private readonly WorkerContext _context;
    private readonly Activities _activities;
    private readonly Watermarks _watermarks;
    private readonly CandlePublisher _publisher;
    private readonly ILogger _logger;
    private readonly string _name;
    private readonly SemaphoreSlim _more = new(0);
    private readonly Lock _gate = new();
    private (long After, IReadOnlyList<Candle> Candles)? _fresh;
    private Watermark? _published;
    private Watermark? _known;
    private long? _newestAtStart;
    private bool _away;

    public TopicOutbox(string bootstrapServers, CandleTable table, WorkerContext context, Activities activities)
    {
        (_bootstrapServers, _table, _context, _activities) = (bootstrapServers, table, context, activities);
        _watermarks = new Watermarks(context.Database, context.Lease.Fence);
        _publisher = new CandlePublisher(bootstrapServers);
        _logger = context.Loggers.CreateLogger<TopicOutbox>();
        _name = "kafka/" + table.Symbol;
    }

    /// <summary>Candles were stored (the first time: what there was at the start): those after <paramref name="after"/>, oldest first. Never waits.</summary>
    public void Offer(long after, IReadOnlyList<Candle> candles)
    {
        lock (_gate)
        {
            _fresh = (after, candles);
            _newestAtStart ??= after;
        }
        _more.Release();
    }

    /// <summary>Publishes until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await _more.WaitAsync(cancellationToken).ConfigureAwait(false);
        while (true)
        {
            try
            {
                await PublishAsync(cancellationToken).ConfigureAwait(false);
                await _more.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (BrokerException problem) when (problem.IsTransient)
            {
                if (!_away)
                {
                    _away = true;
                    LogAway(_table.Symbol, problem.Message);
                }
                _activities.Set(_name, $"waiting for Kafka to publish {_table.Symbol}");
                _published = null; // It may be another broker when it is back.
                await Task.Delay(Retry, _context.Time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    public void Dispose()
    {
        // With the broker away disposing may take its time.
        Task.Run(_publisher.Dispose).Wait(TimeSpan.FromMilliseconds(700));
        _more.Dispose();
    }

    private async Task PublishAsync(CancellationToken cancellationToken)
    {
        _published ??= _known = await BeginAsync(cancellationToken).ConfigureAwait(false);
        Back();
        if (TakeFresh() is { } fresh)
        {
            await PublishAsync(fresh, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            await foreach (var block in _table.ReadAsync(new TimeRange(_published.Value + 1, long.MaxValue), BlockRows, cancellationToken).ConfigureAwait(false))
            {
                await PublishAsync(block, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    // The common case, live: the candles just stored follow the last one published, and need not be read back.
    private IReadOnlyList<Candle>? TakeFresh()
    {
        lock (_gate)
        {
            var fresh = _fresh;
            _fresh = null;
            return fresh is { } f && f.After == _published!.Value && f.Candles.Count > 0 ? f.Candles : null;
        }
    }

    private async Task PublishAsync(IReadOnlyList<Candle> candles, CancellationToken cancellationToken)
    {
        await _context.Lease.EnsureHeldAsync(cancellationToken).ConfigureAwait(false);
        if (await _publisher.PublishAsync(_table.Symbol, candles, cancellationToken).ConfigureAwait(false) is { } last)
        {
            // After the acknowledgement: a crash in between publishes again what readers then pass over.
            var published = _published! with { Value = last };
            await _watermarks.StoreAsync(_name, published, cancellationToken).ConfigureAwait(false);
            _published = published;
            _context.Figures.Set($"published.{_table.Symbol}", last);
        }
    }

    // A topic that was never written to gets what came since we started, one that was replaced meanwhile what comes from now on: its readers have
    // the rest from the table.
    private async Task<Watermark> BeginAsync(CancellationToken cancellationToken)
    {
        // The client's own patience is longer than ours when we are told to stop: it ends by itself.
        await TopicSetup.EnsureAsync(_bootstrapServers, _table.Symbol, 1, cancellationToken).WaitAsync(cancellationToken).ConfigureAwait(false);
        var incarnation = await TopicIncarnation.ReadAsync(_bootstrapServers, _table.Symbol, cancellationToken).WaitAsync(cancellationToken).ConfigureAwait(false);
        if (await _watermarks.FindAsync(_name, cancellationToken).ConfigureAwait(false) is { } known && known.Detail == incarnation)
        {
            return known;
        }
        var newest = _known is null ? _newestAtStart!.Value : await _table.MaxOpenTimeAsync(cancellationToken).ConfigureAwait(false) ?? -1;
        var begun = new Watermark(newest, incarnation);
        await _watermarks.StoreAsync(_name, begun, cancellationToken).ConfigureAwait(false);
        LogNewTopic(_table.Symbol, CandleTime.Format(newest));
        return begun;
    }

    private void Back()
    {
        if (_away)
        {
            _away = false;
            _activities.Set(_name, null);
            LogBack(_table.Symbol);
        }
    }

    [LoggerMessage(LogLevel.Warning, "Waiting for Kafka to publish {Symbol}; candles are stored meanwhile: {Problem}")]
    private partial void LogAway(string symbol, string problem);

    [LoggerMessage(LogLevel.Information, "Kafka is back for {Symbol}")]
    private partial void LogBack(string symbol);

    [LoggerMessage(LogLevel.Information, "Topic {Symbol} is new to us: publishing what comes after {Newest}")]
    private partial void LogNewTopic(string symbol, string newest);
}
