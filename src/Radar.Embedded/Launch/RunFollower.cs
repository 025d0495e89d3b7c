namespace Radar.Embedded.Launch;

/// <summary>Follows a run in the database.</summary>
internal static class RunFollower
{
    /// <summary>Waits for a run's end.</summary>
    /// <exception cref="EmbeddedException">It did not succeed; the message says why.</exception>
    public static async Task WaitAsync(SystemDatabase database, long run, TimeProvider time, CancellationToken cancellationToken)
    {
        while (await StateAsync(database, run, cancellationToken) is not ("succeeded", _))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), time, cancellationToken);
        }
    }

    /// <summary>State and reason of a run; throws when it ended badly.</summary>
    public static async Task<(string State, string? Reason)> StateAsync(SystemDatabase database, long run, CancellationToken cancellationToken)
    {
        const string Sql = "SELECT workflow, state, reason FROM radar.workflow_runs WHERE run_id = $1";
        var rows = await database.ReadAsync(
            Sql, row => (row.GetString(0), row.GetString(1), row.IsDBNull(2) ? null : row.GetString(2)), cancellationToken, run);
        if (rows is not [var (workflow, state, reason)])
        {
            return ("unknown", null);
        }
        return state is "failed" or "cancelled"
            ? throw new EmbeddedException($"{workflow} (run {run}) {state}: {reason ?? "no reason was given"}")
            : (state, reason);
    }
}
