namespace Radar.Workers.Sinking;

/// <summary>
/// A topic that began anew under a running sink: what the group was told is of the topic that was, so each partition is read from its beginning until the
/// group has been told so.
/// </summary>
internal sealed class RenewedTopic
{
    private readonly HashSet<int> _told = [];

    /// <summary>Whether what the group says of a partition may be of the topic that was.</summary>
    public bool IsStale(int partition) => !_told.Contains(partition);

    /// <summary>The group was told of these.</summary>
    public void Told(IEnumerable<int> partitions) => _told.UnionWith(partitions);
}
