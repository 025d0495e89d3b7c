using System.Globalization;

namespace Radar.Embedded.Launch;

/// <summary>What happens in a system, a line each: workers' events and the states of runs.</summary>
internal sealed class EventStream(SystemDatabase database, Action<string> say)
{
    private readonly Dictionary<long, string> _runs = [];
    private long? _last;

    /// <summary>Says what is new since the last call; the first call only notes where we are.</summary>
    public async Task SayNewAsync(CancellationToken cancellationToken)
    {
        if (_last is null)
        {
            _last = (await database.ReadAsync("SELECT coalesce(max(id), 0) FROM radar.worker_events", row => row.GetInt64(0), cancellationToken)) is [var newest]
                ? newest
                : null;
            foreach (var (run, _, state, _) in (await RunsAsync(cancellationToken)).Where(run => run.State is "succeeded" or "failed" or "cancelled"))
            {
                _runs[run] = state; // Of an earlier start.
            }
            return;
        }
        var events = await database.ReadAsync(
            "SELECT id, at, worker_id, event, message FROM radar.worker_events WHERE id > $1 ORDER BY id LIMIT 500",
            row => (row.GetInt64(0), row.GetDateTime(1), row.GetString(2), row.GetString(3), row.GetString(4)),
            cancellationToken,
            _last.Value);
        foreach (var (id, at, worker, name, message) in events)
        {
            _last = id;
            say(string.Create(CultureInfo.InvariantCulture, $"{at:HH:mm:ss} {worker,-22} {name,-10} {message}"));
        }
        foreach (var (run, workflow, state, reason) in (await RunsAsync(cancellationToken)).OrderBy(run => run.Run))
        {
            if (_runs.GetValueOrDefault(run) != state)
            {
                _runs[run] = state;
                say($"{workflow} (run {run}) {state}{(reason.Length > 0 ? ": " + reason : "")}");
            }
        }
    }

    private Task<List<(long Run, string Workflow, string State, string Reason)>> RunsAsync(CancellationToken cancellationToken) => database.ReadAsync(
        "SELECT run_id, workflow, state, coalesce(reason, '') FROM radar.workflow_runs ORDER BY run_id DESC LIMIT 5",
        row => (row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetString(3)),
        cancellationToken);
}
