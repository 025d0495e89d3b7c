namespace Radar.Jobs.Fleet;

/// <summary>Which actual state may follow which. Every change of <c>radar.workers.actual</c> is a compare-and-set over these arrows.</summary>
/// <remarks>
/// <code>
///            launched             filled up           asked to pause
///   wait ───────────► starting ───────────► running ◄──────────────► paused
///    ▲ ▲                 ▲  ▲                  │  (back by starting)    │
///    │ │                 │  └──────────────────┤ a dependency was away  │
///    │ │                 │ delay over          │                        │
///    │ │   process died  │                     ▼   asked to delete, or  │
///    │ │        ┌────► backoff              stopping ◄── SIGTERM ───────┘
///    │ │        │        │                   │    │
///    │ │     any with    └──► failed         │    └── SIGTERM, nothing asked ──► wait
///    │ │     a process       (too often)     ▼
///    │ └── asked to start ──────┘         deleted
///    └──────── asked to start ───────────────┘
/// </code>
/// A state without a process (wait, backoff, failed) becomes <c>deleted</c> at once when that is asked, and so does one whose process is gone.
/// <c>deleted</c> leaves only by being asked to start, under a later epoch.
/// </remarks>
public static class WorkerTransitions
{
    private static readonly Dictionary<WorkerState, WorkerState[]> Arrows = new()
    {
        [WorkerState.Wait] = [WorkerState.Starting, WorkerState.Deleted],
        [WorkerState.Starting] =
        [
            WorkerState.Starting, WorkerState.Running, WorkerState.Paused, WorkerState.Stopping,
            WorkerState.Wait, WorkerState.Deleted, WorkerState.Backoff, WorkerState.Failed,
        ],
        [WorkerState.Running] =
        [
            WorkerState.Starting, WorkerState.Paused, WorkerState.Stopping,
            WorkerState.Wait, WorkerState.Deleted, WorkerState.Backoff, WorkerState.Failed,
        ],
        [WorkerState.Paused] =
        [
            WorkerState.Starting, WorkerState.Running, WorkerState.Stopping,
            WorkerState.Wait, WorkerState.Deleted, WorkerState.Backoff, WorkerState.Failed,
        ],
        [WorkerState.Stopping] = [WorkerState.Starting, WorkerState.Wait, WorkerState.Deleted, WorkerState.Backoff, WorkerState.Failed],
        [WorkerState.Deleted] = [WorkerState.Wait],
        [WorkerState.Backoff] = [WorkerState.Wait, WorkerState.Starting, WorkerState.Deleted, WorkerState.Failed],
        [WorkerState.Failed] = [WorkerState.Wait, WorkerState.Deleted],
    };

    /// <summary>Whether <paramref name="to"/> may follow <paramref name="from"/>.</summary>
    public static bool Allows(WorkerState from, WorkerState to) => Array.IndexOf(Arrows[from], to) >= 0;

    /// <summary>The states that <paramref name="to"/> may follow, as words for SQL.</summary>
    public static string[] Before(WorkerState to) => [.. Arrows.Where(a => Array.IndexOf(a.Value, to) >= 0).Select(a => a.Key.Word())];
}
