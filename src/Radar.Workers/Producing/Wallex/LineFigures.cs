namespace Radar.Workers.Producing.Wallex;

/// <summary>What the lines to the exchange count.</summary>
internal sealed class LineFigures(TimeProvider time)
{
    private long _reconnects;
    private int _connections;
    private long _frames;
    private long _heardAt;

    /// <summary>Connections that ended without our wish.</summary>
    public long Reconnects => Interlocked.Read(ref _reconnects);

    /// <summary>Connections now.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Frames heard.</summary>
    public long Frames => Interlocked.Read(ref _frames);

    /// <summary>Time since the last frame, by the monotonic clock; null before the first.</summary>
    public TimeSpan? SinceLast => Interlocked.Read(ref _heardAt) is not 0 and var at ? time.GetElapsedTime(at) : null;

    public void Opened() => Interlocked.Increment(ref _connections);

    public void Closed() => Interlocked.Decrement(ref _connections);

    public void Reconnected() => Interlocked.Increment(ref _reconnects);

    public void Heard()
    {
        Interlocked.Increment(ref _frames);
        Interlocked.Exchange(ref _heardAt, time.GetTimestamp());
    }
}
