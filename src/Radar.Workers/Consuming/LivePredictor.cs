using Radar.Market;
using Radar.Market.Candles;
using Radar.Market.Features;
using Radar.Market.Models;
using Radar.Market.Predictions;

namespace Radar.Workers.Consuming;

/// <summary>One model over the candles as they come: the input window is kept, so a candle costs the same however long history is.</summary>
internal sealed class LivePredictor(CandleTable table, PredictionModel model)
{
    private readonly int _size = model.Input.Size();
    private readonly float[] _inputs = new float[Math.Min(model.MaxBatch, 128) * model.Input.Size()];
    private readonly double[] _outputs = new double[Math.Min(model.MaxBatch, 128) * PredictionModel.Classes];
    private readonly long[] _times = new long[Math.Min(model.MaxBatch, 128)];
    private ModelInputStream _stream = new(model.Input);
    private int _pending;

    /// <summary>Open time of the newest candle taken in, milliseconds UTC; before everything when there was none.</summary>
    public long Last { get; private set; } = long.MinValue;

    /// <summary>Begins from the table: takes in the history behind its newest candle.</summary>
    public async Task WarmUpAsync(CancellationToken cancellationToken)
    {
        (_stream, _pending, Last) = (new ModelInputStream(model.Input), 0, long.MinValue);
        if (await table.MaxOpenTimeAsync(cancellationToken).ConfigureAwait(false) is { } newest)
        {
            foreach (var candle in await table.ReadBeforeAsync(newest + 1, ModelInputStream.WarmUpRows, cancellationToken).ConfigureAwait(false))
            {
                _stream.Push(candle, default);
                Last = candle.OpenTime;
            }
        }
    }

    /// <summary>
    /// Takes in candles of a record, oldest first, and predicts those that can be. One that is known already is passed over. Where time jumps, the
    /// table is asked first what lies between.
    /// </summary>
    public async Task PredictAsync(IReadOnlyList<Candle> candles, List<Prediction> predictions, CancellationToken cancellationToken)
    {
        foreach (var candle in candles)
        {
            if (candle.OpenTime <= Last)
            {
                continue;
            }
            if (Last == long.MinValue || candle.OpenTime > Last + CandleTime.Minute)
            {
                await PredictFromTableAsync(candle.OpenTime, predictions, cancellationToken).ConfigureAwait(false);
            }
            Push(candle, predictions);
            if (_pending == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
        Flush(predictions);
    }

    /// <summary>Takes in what the table has after the newest candle taken in, up to but not including <paramref name="until"/>.</summary>
    public async Task PredictFromTableAsync(long until, List<Prediction> predictions, CancellationToken cancellationToken)
    {
        var range = new TimeRange(Last == long.MinValue ? 0 : Last + 1, until);
        if (range.From >= range.To)
        {
            return;
        }
        await foreach (var block in table.ReadAsync(range, 1_000, cancellationToken).ConfigureAwait(false))
        {
            foreach (var candle in block)
            {
                Push(candle, predictions);
            }
        }
        Flush(predictions);
    }

    private void Push(in Candle candle, List<Prediction> predictions)
    {
        Last = candle.OpenTime;
        if (_stream.Push(candle, _inputs.AsSpan(_pending * _size, _size)))
        {
            _times[_pending++] = candle.OpenTime;
            if (_pending == _times.Length)
            {
                Flush(predictions);
            }
        }
    }

    private void Flush(List<Prediction> predictions)
    {
        if (_pending == 0)
        {
            return;
        }
        model.Predict(_inputs, _pending, _outputs);
        for (var i = 0; i < _pending; i++)
        {
            predictions.Add(Prediction.Of(_times[i], _outputs.AsSpan(i * PredictionModel.Classes, PredictionModel.Classes)));
        }
        _pending = 0;
    }
}
