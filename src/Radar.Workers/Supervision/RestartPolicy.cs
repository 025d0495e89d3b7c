namespace Radar.Workers.Supervision;

/// <summary>When a worker whose process died is started again.</summary>
internal static class RestartPolicy
{
    /// <summary>The delay before a restart: doubled each time, never above the longest, a fifth more or less so that a fleet does not come back in step.</summary>
    /// <param name="restart">Which in a row, from 1.</param>
    /// <param name="options">First and longest delay.</param>
    /// <param name="chance">From 0 to 1.</param>
    /// <returns>Null: it was restarted too often.</returns>
    public static TimeSpan? Delay(int restart, SupervisionOptions options, double chance)
    {
        if (restart > options.MaxRestarts)
        {
            return null;
        }
        var delay = options.FirstDelay.TotalSeconds * Math.Pow(2, Math.Min(restart - 1, 30));
        return TimeSpan.FromSeconds(Math.Min(delay, options.LongestDelay.TotalSeconds) * (0.8 + 0.4 * chance));
    }
}
