using Radar.Market.Features;
using Radar.Market.Models;

namespace Radar.Market.Predictions;

/// <summary>Models that see the same inputs. Two matrices: one is filled, candle by candle, while the models look at the other on another thread.</summary>
internal sealed class PredictionLane
{
    private readonly ModelInput _input;
    private readonly (PredictionModel Model, int Index)[] _models;
    private readonly ulong _mask;
    private readonly float[]?[] _gathered; // Where a model lacks only some of the rows.
    private readonly int _size;
    private ModelInputStream _stream;
    private PredictionRows _rows = null!;
    private Batch _filled;
    private Batch _shown;
    private Task _looking = Task.CompletedTask;

    public PredictionLane(ModelInput input, (PredictionModel Model, int Index)[] models)
    {
        (_input, _models, _size, _stream) = (input, models, input.Size(), new ModelInputStream(input));
        var rows = models[0].Model.MaxBatch;
        _mask = models.Aggregate(0UL, (mask, m) => mask | 1UL << m.Index);
        _gathered = new float[models.Length][];
        (_filled, _shown) = (new(rows, _size, models.Length), new(rows, _size, models.Length));
    }

    public void Start(CandleBlock block, PredictionRows rows)
    {
        _rows = rows;
        if (block.StartsAnew)
        {
            _stream = new ModelInputStream(_input);
        }
    }

    /// <summary>Takes the next candle.</summary>
    /// <returns>Whether the matrix is full: it must be shown before the next candle comes.</returns>
    public bool Push(in Candle candle, ulong missing, ref int row)
    {
        var wanted = missing & _mask;
        if (!_stream.Push(candle, wanted == 0 ? default : _filled.Matrix.AsSpan(_filled.Count * _size, _size)) || wanted == 0)
        {
            return false;
        }
        row = row < 0 ? _rows.Add(candle.OpenTime) : row;
        _filled.Rows[_filled.Count++] = (row, wanted);
        return _filled.Count == _filled.Rows.Length;
    }

    /// <summary>Shows the models what was filled, as soon as they have seen what was shown before.</summary>
    public async Task ShowAsync(CancellationToken cancellationToken)
    {
        await EndAsync().ConfigureAwait(false);
        (_filled, _shown) = (_shown, _filled);
        _looking = Task.Run(() => Look(_shown, cancellationToken), cancellationToken);
    }

    /// <summary>Takes what the models said, as soon as they have seen what was shown.</summary>
    public async Task EndAsync()
    {
        var looking = _looking;
        _looking = Task.CompletedTask;
        try
        {
            await looking.ConfigureAwait(false);
            Take(_shown);
        }
        finally
        {
            _shown.Count = 0;
        }
    }

    // Each model has one thread; a core that has nothing else to do takes the next one.
    private void Look(Batch batch, CancellationToken cancellationToken) => Parallel.For(
        0, _models.Length, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellationToken },
        model =>
        {
            var bit = 1UL << _models[model].Index;
            var wanted = 0;
            for (var i = 0; i < batch.Count; i++)
            {
                wanted += (batch.Rows[i].Missing & bit) != 0 ? 1 : 0;
            }
            _models[model].Model.Predict(wanted == batch.Count ? batch.Matrix : Gather(batch, bit, model), wanted, batch.Said[model]);
        });

    private void Take(Batch batch)
    {
        for (var model = 0; model < _models.Length; model++)
        {
            var bit = 1UL << _models[model].Index;
            for (var (i, at) = (0, 0); i < batch.Count; i++)
            {
                if ((batch.Rows[i].Missing & bit) != 0)
                {
                    _rows.Set(batch.Rows[i].Row, _models[model].Index, batch.Said[model].AsSpan(at++ * PredictionModel.Classes, PredictionModel.Classes));
                }
            }
        }
    }

    private float[] Gather(Batch batch, ulong bit, int model)
    {
        var gathered = _gathered[model] ??= new float[batch.Matrix.Length];
        for (var (i, at) = (0, 0); i < batch.Count; i++)
        {
            if ((batch.Rows[i].Missing & bit) != 0)
            {
                batch.Matrix.AsSpan(i * _size, _size).CopyTo(gathered.AsSpan(at++ * _size));
            }
        }
        return gathered;
    }

    /// <summary>A matrix, whose rows its lines are, which models lack them, and what each model said.</summary>
    private sealed class Batch(int rows, int size, int models)
    {
        public float[] Matrix { get; } = new float[rows * size];

        public (int Row, ulong Missing)[] Rows { get; } = new (int, ulong)[rows];

        public double[][] Said { get; } = [.. Enumerable.Range(0, models).Select(_ => new double[rows * PredictionModel.Classes])];

        public int Count { get; set; }
    }
}
