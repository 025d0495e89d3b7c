namespace Radar.Jobs.Workflows;

/// <summary>How often a task is tried, and how long it rests between tries. The engine only does the waiting.</summary>
/// <param name="Attempts">Tries in all, the first included. A lost node or database does not use one up.</param>
/// <param name="First">Rest after the first failure.</param>
/// <param name="Factor">By how much each rest is longer than the one before.</param>
/// <param name="Longest">No rest is longer than this.</param>
public sealed record RetryPolicy(int Attempts, TimeSpan First, double Factor, TimeSpan Longest)
{
    /// <summary>One try.</summary>
    public static RetryPolicy None { get; } = new(1, TimeSpan.Zero, 1, TimeSpan.Zero);

    /// <summary>Three tries, after 1 s and 4 s.</summary>
    public static RetryPolicy Default { get; } = new(3, TimeSpan.FromSeconds(1), 4, TimeSpan.FromMinutes(1));

    /// <summary>The rest after so many failures, or null when there is no further try.</summary>
    public TimeSpan? After(int failures) =>
        failures >= Attempts
            ? null
            : TimeSpan.FromSeconds(Math.Min(Longest.TotalSeconds, First.TotalSeconds * Math.Pow(Factor, failures - 1)));
}
