namespace Radar.Workers.Sinking;

/// <summary>Partitions whose records share a batch: all of them for trades, one for order books. While batches are stored the next one is filled.</summary>
internal sealed class SinkLane(IRecordParser parser, IEnumerable<int> partitions, TimeProvider time) : IDisposable
{
    private readonly Stack<SinkBatch> _spare = [];
    private TakenRecord? _held;

    /// <summary>Its partitions.</summary>
    public HashSet<int> Partitions { get; } = [.. partitions];

    /// <summary>The batch that is being filled.</summary>
    public SinkBatch Filling { get; private set; } = new(parser, time);

    /// <summary>Proof that its partition is ours, for order books.</summary>
    public long Claim { get; init; }

    /// <summary>The block that must be made again under its name; null: none must.</summary>
    public OpenBlock? Redo { get; set; }

    /// <summary>Whether the batch takes no more, since the block that is made again has reached its end.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>Adds a record to the batch, which is closed by the last one of the block that is made again.</summary>
    public void Add(in TakenRecord record)
    {
        if (Redo is { } block && record.Offset > block.Last && Filling.Records.Count > 0)
        {
            // The topic lost the block's last records meanwhile. This one is the next batch's.
            (IsClosed, _held) = (true, record with { Value = record.Value is { } value ? value.ToArray() : default(ReadOnlyMemory<byte>?) });
            return;
        }
        Filling.Add(record);
        IsClosed = Redo is { } end && record.Offset >= end.Last;
    }

    /// <summary>Gives the filled batch away and begins another.</summary>
    public SinkBatch Swap()
    {
        Filling.Again = IsClosed ? Redo : null;
        (IsClosed, Redo) = (false, IsClosed ? null : Redo);
        var filled = Filling;
        Filling = _spare.TryPop(out var spare) ? spare : new SinkBatch(parser, time);
        if (_held is { } held)
        {
            _held = null;
            Add(held);
        }
        return filled;
    }

    /// <summary>Takes a batch back that is stored, or given up: its room is used again.</summary>
    public void GiveBack(SinkBatch batch)
    {
        batch.Clear();
        _spare.Push(batch);
    }

    public void Dispose()
    {
        Filling.Dispose();
        foreach (var spare in _spare)
        {
            spare.Dispose();
        }
    }
}
