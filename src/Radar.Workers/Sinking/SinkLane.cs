namespace Radar.Workers.Sinking;

/// <summary>Partitions whose records share a batch: all of them for trades, one for order books. While a batch is stored the next one is filled.</summary>
internal sealed class SinkLane(IRecordParser parser, IEnumerable<int> partitions, TimeProvider time) : IDisposable
{
    private SinkBatch _spare = new(parser, time);

    /// <summary>Its partitions.</summary>
    public HashSet<int> Partitions { get; } = [.. partitions];

    /// <summary>The batch that is being filled.</summary>
    public SinkBatch Filling { get; private set; } = new(parser, time);

    /// <summary>Proof that its partition is ours, for order books.</summary>
    public long Claim { get; init; }

    /// <summary>Where the block ends that must be made again exactly as it was; null: none must.</summary>
    public long? RedoUntil { get; set; }

    /// <summary>Whether the batch takes no more, since the block that is made again has reached its end.</summary>
    public bool IsClosed { get; set; }

    /// <summary>Gives the filled batch away and begins another. The one given away before must have been given back.</summary>
    public SinkBatch Swap()
    {
        (IsClosed, RedoUntil) = (false, IsClosed ? null : RedoUntil);
        var filled = Filling;
        Filling = _spare;
        _spare = filled;
        return filled;
    }

    public void Dispose()
    {
        Filling.Dispose();
        _spare.Dispose();
    }
}
