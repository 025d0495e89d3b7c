namespace Radar.Embedded.Exchange;

/// <summary>Counts request weight in fixed windows of real time, as the exchange does for an address, and remembers what it saw.</summary>
internal sealed class WeightLedger(int limit, int windowSeconds, TimeProvider time)
{
    private readonly Lock _gate = new();
    private long _window;
    private int _used;
    private DateTimeOffset _bannedUntil;

    /// <summary>The most that was used in any window.</summary>
    public int Highest { get; private set; }

    /// <summary>Calls that came although the address had been told to stay away.</summary>
    public int Violations { get; private set; }

    /// <summary>Calls over the limit.</summary>
    public int OverLimit { get; private set; }

    /// <summary>Books a call.</summary>
    /// <returns>Weight used in this window, and seconds to stay away, 0 when the call may pass.</returns>
    public (int Used, int RetryAfter) Book(int weight)
    {
        lock (_gate)
        {
            var now = time.GetUtcNow();
            var window = now.ToUnixTimeSeconds() / windowSeconds;
            if (window != _window)
            {
                _window = window;
                _used = 0;
            }
            _used += weight;
            Highest = Math.Max(Highest, _used);
            if (now < _bannedUntil)
            {
                Violations++;
                return (_used, Seconds(_bannedUntil - now));
            }
            if (_used <= limit)
            {
                return (_used, 0);
            }
            OverLimit++;
            return (_used, (int)(((window + 1) * windowSeconds) - now.ToUnixTimeSeconds()));
        }
    }

    /// <summary>Tells the address to stay away, so that a call before then counts as a violation.</summary>
    public void Ban(int seconds)
    {
        lock (_gate)
        {
            // A little less than was said: clocks of both sides round.
            _bannedUntil = time.GetUtcNow() + TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(50);
        }
    }

    private static int Seconds(TimeSpan span) => Math.Max(1, (int)Math.Ceiling(span.TotalSeconds));
}
