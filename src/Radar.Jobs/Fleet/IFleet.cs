namespace Radar.Jobs.Fleet;

/// <summary>All workers: what is asked of them and what is true of them. PostgreSQL is the truth; this reads and writes it.</summary>
public interface IFleet
{
    /// <summary>Every worker known, ordered by id, deleted ones included until they are cleaned.</summary>
    Task<IReadOnlyList<WorkerSnapshot>> ListAsync(CancellationToken cancellationToken);

    /// <summary>One worker, or null when it is not known.</summary>
    Task<WorkerSnapshot?> FindAsync(WorkerId id, CancellationToken cancellationToken);

    /// <summary>
    /// Registers the worker if it is new and asks it to start. A worker that was deleted begins again as <c>wait</c>; one that is
    /// already asked to start is left as it is, unless it has <c>failed</c>: that begins again too, with its restarts forgotten.
    /// </summary>
    Task StartAsync(WorkerSpec spec, string by, CancellationToken cancellationToken);

    /// <summary>Asks a known worker for another state.</summary>
    /// <returns>False when the worker is not known.</returns>
    Task<bool> AskAsync(WorkerId id, DesiredState desired, string by, CancellationToken cancellationToken);

    /// <summary>Waits, woken by NOTIFY, until <paramref name="condition"/> holds for the whole fleet.</summary>
    /// <exception cref="TimeoutException">The deadline passed; the message names the workers that <paramref name="describe"/> lists.</exception>
    Task WaitAsync(
        Func<IReadOnlyList<WorkerSnapshot>, bool> condition,
        Func<IReadOnlyList<WorkerSnapshot>, string> describe,
        TimeSpan deadline,
        CancellationToken cancellationToken);

    /// <summary>
    /// Forgets workers that are <c>deleted</c>. Their leases stay: an epoch must never be given out twice, or a process of long ago would be let in.
    /// </summary>
    /// <returns>How many were forgotten.</returns>
    Task<int> CleanAsync(CancellationToken cancellationToken);
}
