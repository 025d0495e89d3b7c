using Radar.Market.Topics;

namespace Radar.Workers.Sinking;

/// <summary>
/// Looks, some time after partitions were handed out, whether every partition of the topic was. Members with names that outlive a restart come back to
/// what they had, without a word to the others: partitions that were added meanwhile would be nobody's.
/// </summary>
internal sealed class GroupWatch(SinkOptions options, TimeProvider time)
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);
    private TimeSpan _pause = First;
    private long _since = time.GetTimestamp();
    private bool _isDue;
    private Task<IReadOnlyList<int>?>? _looking;

    /// <summary>Partitions were handed out.</summary>
    public void Begin() => (_since, _isDue) = (time.GetTimestamp(), true);

    /// <summary>Partitions that nobody reads, told once for each look; null: there are none, or it is not known. Does not wait.</summary>
    public IReadOnlyList<int>? TakeUnread()
    {
        if (_looking is { IsCompleted: true } looked)
        {
            _looking = null;
            if (looked is { IsCompletedSuccessfully: true, Result: { } unread })
            {
                // Only one of the members can change it, and which one only the broker knows.
                (_isDue, _pause) = unread.Count == 0 ? (_isDue, First) : (true, _pause * 2 < Longest ? _pause * 2 : Longest);
                return unread.Count == 0 ? null : unread;
            }
            _ = looked.Exception; // The broker is away, or busy with the group: another time.
            Begin();
        }
        if (_isDue && _looking is null && time.GetElapsedTime(_since) >= _pause)
        {
            _isDue = false;
            _looking = GroupCoverage.UnreadAsync(options.BootstrapServers, options.Group, options.Topic, CancellationToken.None);
        }
        return null;
    }
}
