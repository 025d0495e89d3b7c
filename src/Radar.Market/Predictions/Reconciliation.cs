using System.Runtime.ExceptionServices;
using System.Threading.Channels;
using Radar.Market.Features;
using Radar.Market.Models;

namespace Radar.Market.Predictions;

/// <summary>How far a reconciliation is.</summary>
/// <param name="Stored">Predictions stored so far.</param>
/// <param name="Candles">Candles gone through.</param>
/// <param name="CandlesToDo">Candles that lacked something when it began.</param>
/// <param name="OpenTime">The candle it is at, milliseconds UTC.</param>
public readonly record struct ReconciliationProgress(long Stored, long Candles, long CandlesToDo, long OpenTime);

/// <summary>
/// Fills the predictions that are missing, and only those, from the candle table: reads in blocks, computes each candle's features once,
/// predicts in batches per model, stores all versions of a block in one write. Reading, computing and storing overlap, with bounded room
/// between them. It can be stopped at any moment and goes on where it was, because what is stored is no longer missing.
/// </summary>
/// <param name="store">Predictions of one coin.</param>
/// <param name="models">Models of that coin; used by this reconciliation alone while it runs.</param>
/// <param name="fence">Proof that the caller may write; null for callers without a lease.</param>
public sealed class Reconciliation(PredictionStore store, IReadOnlyList<PredictionModel> models, Fence? fence)
{
    private const int BlocksAhead = 2;

    private readonly ModelId[] _ids = [.. models.Select(m => m.Id)];
    private readonly (ModelId, ModelInput)[] _asked = [.. models.Select(m => (m.Id, m.Input))];
    private long _stored;
    private bool _changed;

    /// <summary>Candles read, and stored, at a time. The default is 8,192.</summary>
    public int BlockRows { get; init; } = 8_192;

    /// <summary>Fills a range.</summary>
    /// <param name="range">Which candles.</param>
    /// <param name="progress">Called after every write, from one thread at a time.</param>
    /// <param name="cancellationToken">Stops it within a batch; what is stored stays.</param>
    /// <returns>Predictions stored.</returns>
    /// <exception cref="FencedException">A newer epoch holds the lease.</exception>
    public async Task<long> RunAsync(TimeRange range, Action<ReconciliationProgress>? progress, CancellationToken cancellationToken)
    {
        _stored = 0;
        if (models.Count == 0)
        {
            return 0;
        }
        await store.EnsureAsync(_ids, cancellationToken).ConfigureAwait(false);
        do
        {
            _changed = false;
            await RunOnceAsync(range, progress, cancellationToken).ConfigureAwait(false);
        }
        while (_changed); // Candles were corrected or filled in meanwhile: what was read of them is read again.
        return _stored;
    }

    private async Task RunOnceAsync(TimeRange range, Action<ReconciliationProgress>? progress, CancellationToken cancellationToken)
    {
        var changes = await store.Table.ChangesAsync(cancellationToken).ConfigureAwait(false);
        var toDo = await store.CountMissingAsync(_asked, range, cancellationToken).ConfigureAwait(false);
        if (toDo == 0)
        {
            return;
        }
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var read = Channel.CreateBounded<CandleBlock>(BlocksAhead);
        var predicted = Channel.CreateBounded<PredictedBlock>(BlocksAhead);
        Task[] stages =
        [
            StageAsync(read.Writer, () => ReadAsync(range, read.Writer, stop.Token), stop),
            StageAsync(predicted.Writer, () => PredictAsync(read.Reader, predicted.Writer, stop.Token), stop),
            StageAsync<PredictedBlock>(null, () => StoreAsync(predicted.Reader, changes, toDo, progress, stop), stop),
        ];
        await Task.WhenAll(stages.Select(s => s.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default)))
            .ConfigureAwait(false);
        if (_changed)
        {
            return;
        }
        var failure = stages.Select(s => s.Exception?.GetBaseException()).FirstOrDefault(e => e is not null);
        if (failure is not null)
        {
            ExceptionDispatchInfo.Throw(failure);
        }
        cancellationToken.ThrowIfCancellationRequested();
    }

    // A stage that fails stops the others; a stage that ends tells the next.
    private static Task StageAsync<T>(ChannelWriter<T>? next, Func<Task> body, CancellationTokenSource stop) => Task.Run(async () =>
    {
        try
        {
            await body().ConfigureAwait(false);
            next?.TryComplete();
        }
        catch
        {
            await stop.CancelAsync().ConfigureAwait(false);
            next?.TryComplete();
            throw;
        }
    });

    // From each first missing row, with its history before it, as long as blocks lack anything; then on to the next missing row.
    private async Task ReadAsync(TimeRange range, ChannelWriter<CandleBlock> blocks, CancellationToken cancellationToken)
    {
        var rest = range;
        while (await store.FirstMissingAsync(_asked, rest, cancellationToken).ConfigureAwait(false) is { } missing)
        {
            var from = await store.Table.TimeBeforeAsync(missing, ModelInputStream.WarmUpRows, cancellationToken).ConfigureAwait(false);
            var starts = true;
            for (var lacking = true; lacking;)
            {
                var block = await store.ReadBlockAsync(_ids, range with { From = from }, BlockRows, cancellationToken).ConfigureAwait(false);
                if (block.Candles.Count == 0)
                {
                    return;
                }
                await blocks.WriteAsync(block with { StartsAnew = starts, From = missing }, cancellationToken).ConfigureAwait(false);
                starts = false;
                from = block.Candles[^1].OpenTime + 1;
                lacking = from <= missing || block.Missing.Any(m => m != 0);
            }
            rest = rest with { From = from };
        }
    }

    private async Task PredictAsync(ChannelReader<CandleBlock> blocks, ChannelWriter<PredictedBlock> predicted, CancellationToken cancellationToken)
    {
        var lanes = new PredictionLanes(models);
        await foreach (var block in blocks.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            var rows = await lanes.PredictAsync(block, cancellationToken).ConfigureAwait(false);
            await predicted.WriteAsync(new PredictedBlock(rows, block.Candles.Count, block.Candles[^1].OpenTime), cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task StoreAsync(
        ChannelReader<PredictedBlock> predicted, long changes, long toDo, Action<ReconciliationProgress>? progress, CancellationTokenSource stop)
    {
        var candles = 0L;
        await foreach (var block in predicted.ReadAllAsync(stop.Token).ConfigureAwait(false))
        {
            if (!await store.FillAsync(block.Rows, fence, changes, stop.Token).ConfigureAwait(false))
            {
                _changed = true;
                await stop.CancelAsync().ConfigureAwait(false);
                return;
            }
            _stored += block.Rows.Present;
            candles += block.Candles;
            progress?.Invoke(new ReconciliationProgress(_stored, candles, toDo, block.LastOpenTime));
        }
    }

    private sealed record PredictedBlock(PredictionRows Rows, int Candles, long LastOpenTime);
}
