namespace Radar.Workers.Sinking;

/// <summary>Partitions whose records share a batch: all of them for trades, one for order books. While a batch is stored the next one is filled.</summary>
internal sealed class SinkLane(IRecordParser parser, IEnumerable<int> partitions, TimeProvider time) : IDisposable
{
    private SinkBatch _spare = new(parser, time);
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

    /// <summary>Gives the filled batch away and begins another. The one given away before must have been given back.</summary>
    public SinkBatch Swap()
    {
        Filling.Again = IsClosed ? Redo : null;
        (IsClosed, Redo) = (false, IsClosed ? null : Redo);
        (Filling, _spare) = (_spare, Filling);
        var filled = _spare;
        if (_held is { } held)
        {
            _held = null;
            Add(held);
        }
        return filled;
    }

    public void Dispose()
    {
        Filling.Dispose();
        _spare.Dispose();
    }
}
