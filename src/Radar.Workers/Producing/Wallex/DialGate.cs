namespace Radar.Workers.Producing.Wallex;

/// <summary>Lets one through at a time, with a pause between: dials of many lines, calls of many markets.</summary>
internal sealed class DialGate(TimeSpan pause, TimeProvider time)
{
    private readonly Lock _lock = new();
    private long _next = time.GetTimestamp();

    /// <summary>Waits for its turn. Turns that were waited for and not used are lost.</summary>
    public Task WaitAsync(CancellationToken cancellationToken)
    {
        TimeSpan wait;
        lock (_lock)
        {
            var now = time.GetTimestamp();
            var turn = Math.Max(now, _next);
            _next = turn + (long)(pause.TotalSeconds * time.TimestampFrequency);
            wait = time.GetElapsedTime(now, turn);
        }
        return wait > TimeSpan.Zero ? Task.Delay(wait, time, cancellationToken) : Task.CompletedTask;
    }
}
