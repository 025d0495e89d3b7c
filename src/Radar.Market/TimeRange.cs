namespace Radar.Market;

/// <summary>A span of open times, in milliseconds since the Unix epoch, UTC: from <paramref name="From"/> up to but not including <paramref name="To"/>.</summary>
public readonly record struct TimeRange(long From, long To)
{
    /// <summary>Everything.</summary>
    public static TimeRange All { get; } = new(long.MinValue, long.MaxValue);
}
