using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Radar.Market;
using Radar.Market.Candles;
using Radar.Market.Models;
using Radar.Market.Predictions;
using Radar.Market.Topics;
using Radar.Workers.Hosting;

namespace Radar.Workers.Consuming;

/// <summary>
/// Candles of a topic to the predictions of one model version. Predictions and the offset behind them are one transaction; whatever the topic did not
/// bring (history, a jump in time, an offset that is gone, a broker that is away or forgot everything) comes from the candle table.
/// </summary>
internal sealed partial class PredictionConsumer(ModelId id, ConsumerOptions options) : IWorker
{
    private const int PollMs = 100; // Also how fast a stop is heard while nothing comes.
    private const int MostRecords = 500;
    private const int MostBytes = 2 * 1024 * 1024;
    private const int Burst = 2_000; // Candles after which memory is given back once it is quiet again.
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan AtOnce = TimeSpan.FromMilliseconds(500);

    private readonly List<Candle> _candles = [];
    private readonly List<Prediction> _predictions = [];
    private PredictionModel? _model;
    private ILogger _logger = null!;
    private WorkerContext _context = null!;
    private PredictionStore _store = null!;
    private PredictionsCsv _csv = null!;
    private LivePredictor _live = null!;
    private DeadLetters _dead = null!;
    private string _incarnation = "";
    private long _next;
    private long _unreadable;
    private long _changes = -1;
    private bool _csvIsBehind;
    private Task<string>? _look;
    private long _sinceTidy = Burst;

    public async Task RunAsync(WorkerContext context, CancellationToken cancellationToken)
    {
        _context = context;
        _logger = context.Loggers.CreateLogger<PredictionConsumer>();
        _dead = new DeadLetters(options.LogsDirectory, context.Id, context.Time);
        if (_model is null)
        {
            context.Activity = "loading the model";
            var file = ModelStore.Find(options.ModelsDirectory, id);
            _model = await Task.Run(() => PredictionModel.Load(file), cancellationToken).ConfigureAwait(false);
        }
        var table = new CandleTable(context.Database, id.Crypto);
        await table.EnsureAsync(cancellationToken).ConfigureAwait(false);
        _store = new PredictionStore(table);
        _csv = new PredictionsCsv(PredictionsCsv.PathOf(options.DataDirectory, id), _store, id);
        _live = new LivePredictor(table, _model);
        await ReconcileAsync(table, cancellationToken).ConfigureAwait(false);
        await ConsumeAsync(table, cancellationToken).ConfigureAwait(false);
    }

    public ValueTask DisposeAsync()
    {
        _model?.Dispose();
        _model = null;
        return ValueTask.CompletedTask;
    }

    private async Task ReconcileAsync(CandleTable table, CancellationToken cancellationToken)
    {
        _context.Activity = "looking for what is missing";
        // Before anything is read: what changes from here on is seen when something is stored, or when it is quiet.
        var changes = await table.ChangesAsync(cancellationToken).ConfigureAwait(false);
        var corrected = _changes >= 0 && changes != _changes;
        _changes = changes;
        var reconciliation = new Reconciliation(_store, [_model!], _context.Lease.Fence);
        var newest = await table.MaxOpenTimeAsync(cancellationToken).ConfigureAwait(false);
        var stored = 0L;
        var began = _context.Time.GetTimestamp();
        void OnProgress(ReconciliationProgress progress)
        {
            _context.Figures.Handled(progress.Stored - stored);
            _context.Figures.Round();
            stored = progress.Stored;
            _context.Activity = FormattableString.Invariant($"reconciling {progress.Stored:N0} of {progress.CandlesToDo:N0}");
        }
        var filled = await reconciliation.RunAsync(TimeRange.All, OnProgress, cancellationToken).ConfigureAwait(false);
        await _live.WarmUpAsync(cancellationToken).ConfigureAwait(false);
        if (_live.Last > (newest ?? long.MinValue))
        {
            // Candles that came meanwhile and are in the window already.
            stored = 0;
            filled += await reconciliation.RunAsync(new TimeRange(newest is { } n ? n + 1 : 0, _live.Last + 1), OnProgress, cancellationToken).ConfigureAwait(false);
        }
        if (filled > 0)
        {
            LogReconciled(id, filled, _context.Time.GetElapsedTime(began).TotalSeconds);
        }
        _context.Activity = "bringing the CSV file level";
        await BringCsvLevelAsync(corrected ? _csv.RewriteAsync : _csv.SyncAsync, cancellationToken).ConfigureAwait(false);
    }

    // At work: the table is not what the window was made from any more.
    private async Task BeginAgainAsync(CandleTable table, CancellationToken cancellationToken)
    {
        var activity = _context.Activity;
        LogBeginsAgain(id);
        await ReconcileAsync(table, cancellationToken).ConfigureAwait(false);
        _context.Activity = activity;
    }

    private async Task ConsumeAsync(CandleTable table, CancellationToken cancellationToken)
    {
        _context.Activity = "connecting to Kafka";
        await TopicSetup.EnsureAsync(options.BootstrapServers, id.Crypto, 1, cancellationToken).WaitAsync(cancellationToken).ConfigureAwait(false);
        using var reader = new CandleTopicReader(options.BootstrapServers, id, options.FetchWaitMs, _context.Time);
        await AssignAsync(reader, cancellationToken).ConfigureAwait(false);
        await _context.ReportRunningAsync(cancellationToken).ConfigureAwait(false);
        _context.Activity = null;
        var quietSince = _context.Time.GetTimestamp();
        try
        {
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                _context.Figures.Round();
                var records = await Task.Run(() => reader.Take(PollMs, MostRecords, MostBytes), cancellationToken).ConfigureAwait(false);
                if (records.Count > 0)
                {
                    await HandleAsync(table, records, cancellationToken).ConfigureAwait(false);
                    reader.Commit(_next, now: false);
                    _context.Figures.Set("lag", reader.Lag(_next));
                    quietSince = _context.Time.GetTimestamp();
                    continue;
                }
                reader.CommitIfDue();
                if (_context.Time.GetElapsedTime(quietSince) >= Idle)
                {
                    quietSince = _context.Time.GetTimestamp();
                    await FillAsync(table, cancellationToken).ConfigureAwait(false);
                    await LookAtBrokerAsync(reader, cancellationToken).ConfigureAwait(false);
                    if (_sinceTidy >= Burst)
                    {
                        _sinceTidy = 0;
                        Memory.GiveBack();
                    }
                    _context.Figures.Set("lag", reader.Lag(_next));
                }
            }
        }
        finally
        {
            reader.CommitIfDue(now: true);
        }
    }

    private async Task HandleAsync(CandleTable table, List<ConsumeResult<byte[], byte[]>> records, CancellationToken cancellationToken)
    {
        _candles.Clear();
        _predictions.Clear();
        foreach (var record in records)
        {
            if (!CandleMessage.TryDecode(record.Message.Value, _candles, out var problem))
            {
                await SetAsideAsync(record, problem, cancellationToken).ConfigureAwait(false);
            }
        }
        await _live.PredictAsync(_candles, _predictions, cancellationToken).ConfigureAwait(false);
        _next = records[^1].Offset.Value + 1;
        await StoreAsync(table, [new OffsetMark(_context.Id.Value, id.Crypto, records[0].Partition.Value, _incarnation, _next)], cancellationToken).ConfigureAwait(false);
    }

    // The table has newer candles than the topic brought, since its broker is away, or forgot them; or older ones, or others than before.
    private async Task FillAsync(CandleTable table, CancellationToken cancellationToken)
    {
        if (await table.ChangesAsync(cancellationToken).ConfigureAwait(false) != _changes)
        {
            await BeginAgainAsync(table, cancellationToken).ConfigureAwait(false);
        }
        else if (await table.MaxOpenTimeAsync(cancellationToken).ConfigureAwait(false) is { } newest && newest > _live.Last)
        {
            _predictions.Clear();
            await _live.PredictFromTableAsync(newest + 1, _predictions, cancellationToken).ConfigureAwait(false);
            await StoreAsync(table, [], cancellationToken).ConfigureAwait(false);
            LogFilled(id, _predictions.Count);
        }
        else if (_csvIsBehind)
        {
            await SyncCsvAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task StoreAsync(CandleTable table, IReadOnlyList<OffsetMark> offsets, CancellationToken cancellationToken)
    {
        await _context.Lease.EnsureHeldAsync(cancellationToken).ConfigureAwait(false);
        if (await _store.WriteAllAsync(id, _predictions, _context.Lease.Fence, offsets, _changes, cancellationToken).ConfigureAwait(false))
        {
            _context.Figures.Handled(_predictions.Count);
            _sinceTidy += _predictions.Count;
            _context.Figures.Set("lastOpenTime", _live.Last);
            await AppendCsvAsync(cancellationToken).ConfigureAwait(false);
            return;
        }
        // A topic that knows candles the table does not, or a window of candles that were corrected since: history is what the table holds.
        _predictions.Clear();
        await BeginAgainAsync(table, cancellationToken).ConfigureAwait(false);
        await _store.WriteAsync(id, [], _context.Lease.Fence, offsets, cancellationToken: cancellationToken).ConfigureAwait(false);
        _context.Figures.Set("lastOpenTime", _live.Last);
    }
}
