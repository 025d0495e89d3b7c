namespace Radar.Workers.Supervision;

/// <summary>
/// How long PostgreSQL could be reached without a break. After a break every lease has lapsed at first, also of those who live: nobody may be judged by
/// his lease until all had the time to renew theirs.
/// </summary>
/// <param name="lasts">How long a lease lasts.</param>
/// <param name="time">Clock.</param>
internal sealed class Contact(TimeSpan lasts, TimeProvider time)
{
    // A renewal may lie half a lease back when PostgreSQL stands still; but two seconds pass between answers on any busy machine.
    private readonly TimeSpan _longestPause = TimeSpan.FromSeconds(Math.Max(2, lasts.TotalSeconds / 2));
    private long? _since;
    private long _last;

    /// <summary>Whether there was no break for as long as a lease lasts.</summary>
    public bool IsSteady => _since is { } since && time.GetElapsedTime(since) >= lasts;

    /// <summary>PostgreSQL answered. An answer long after the one before it is a break as well: it stood still, or we did.</summary>
    public void Made()
    {
        var now = time.GetTimestamp();
        if (_since is null || time.GetElapsedTime(_last, now) >= _longestPause)
        {
            _since = now;
        }
        _last = now;
    }

    /// <summary>It could not be reached.</summary>
    public void Broke() => _since = null;
}
