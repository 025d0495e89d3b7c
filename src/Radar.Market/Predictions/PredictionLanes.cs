using Radar.Market.Features;
using Radar.Market.Models;

namespace Radar.Market.Predictions;

/// <summary>The computing part of a reconciliation: one lane per kind of input, whose matrix is filled once and shown to every model that lacks rows.</summary>
internal sealed class PredictionLanes
{
    private readonly Lane[] _lanes;
    private readonly ModelId[] _models;

    public PredictionLanes(IReadOnlyList<PredictionModel> models)
    {
        _models = [.. models.Select(m => m.Id)];
        _lanes = [.. models.Select((m, i) => (Model: m, Index: i)).GroupBy(m => m.Model.Input)
            .Select(g => new Lane(g.Key, [.. g.Select(m => (m.Model, m.Index))]))];
    }

    public PredictionRows Predict(CandleBlock block, CancellationToken cancellationToken)
    {
        var rows = new PredictionRows(_models);
        foreach (var lane in _lanes)
        {
            lane.Start(block, rows);
        }
        for (var i = 0; i < block.Candles.Count; i++)
        {
            var candle = block.Candles[i];
            var missing = candle.OpenTime >= block.From ? block.Missing[i] : 0;
            var row = -1;
            foreach (var lane in _lanes)
            {
                lane.Push(candle, missing, ref row, cancellationToken);
            }
        }
        foreach (var lane in _lanes)
        {
            lane.Flush(cancellationToken);
        }
        return rows;
    }

    private sealed class Lane
    {
        private readonly ModelInput _input;
        private readonly (PredictionModel Model, int Index)[] _models;
        private readonly ulong _mask;
        private readonly float[] _matrix;
        private readonly float[] _gathered;
        private readonly double[] _outputs;
        private readonly (int Row, ulong Missing)[] _pending;
        private readonly int _size;
        private ModelInputStream _stream;
        private PredictionRows _rows = null!;
        private int _count;

        public Lane(ModelInput input, (PredictionModel Model, int Index)[] models)
        {
            (_input, _models, _size, _stream) = (input, models, input.Size(), new ModelInputStream(input));
            var batch = models[0].Model.MaxBatch;
            _mask = models.Aggregate(0UL, (mask, m) => mask | 1UL << m.Index);
            _matrix = new float[batch * _size];
            _gathered = new float[batch * _size];
            _outputs = new double[batch * PredictionModel.Classes];
            _pending = new (int, ulong)[batch];
        }

        public void Start(CandleBlock block, PredictionRows rows)
        {
            _rows = rows;
            if (block.StartsAnew)
            {
                _stream = new ModelInputStream(_input);
            }
        }

        public void Push(in Candle candle, ulong missing, ref int row, CancellationToken cancellationToken)
        {
            var wanted = missing & _mask;
            if (!_stream.Push(candle, wanted == 0 ? default : _matrix.AsSpan(_count * _size, _size)) || wanted == 0)
            {
                return;
            }
            row = row < 0 ? _rows.Add(candle.OpenTime) : row;
            _pending[_count++] = (row, wanted);
            if (_count == _pending.Length)
            {
                Flush(cancellationToken);
            }
        }

        public void Flush(CancellationToken cancellationToken)
        {
            foreach (var (model, index) in _models)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Predict(model, index);
            }
            _count = 0;
        }

        private void Predict(PredictionModel model, int index)
        {
            var bit = 1UL << index;
            var wanted = 0;
            for (var i = 0; i < _count; i++)
            {
                wanted += (_pending[i].Missing & bit) != 0 ? 1 : 0;
            }
            model.Predict(wanted == _count ? _matrix : Gather(bit), wanted, _outputs);
            for (var (i, at) = (0, 0); i < _count; i++)
            {
                if ((_pending[i].Missing & bit) != 0)
                {
                    _rows.Set(_pending[i].Row, index, _outputs.AsSpan(at++ * PredictionModel.Classes, PredictionModel.Classes));
                }
            }
        }

        private float[] Gather(ulong bit)
        {
            for (var (i, at) = (0, 0); i < _count; i++)
            {
                if ((_pending[i].Missing & bit) != 0)
                {
                    _matrix.AsSpan(i * _size, _size).CopyTo(_gathered.AsSpan(at++ * _size));
                }
            }
            return _gathered;
        }
    }
}
