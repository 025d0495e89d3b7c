using Radar.Jobs.Fleet;

namespace Radar.Workers.Supervision;

/// <summary>
/// For how long workers have been silent, or there although they should not be, as far as their agent looked: a look adds no more than
/// <paramref name="longest"/>, so that an agent that was stopped itself holds its own absence against nobody.
/// </summary>
/// <param name="longest">Most that one look adds.</param>
/// <param name="time">Clock.</param>
internal sealed class Sightings(TimeSpan longest, TimeProvider time)
{
    private readonly Dictionary<WorkerId, Sighting> _known = [];

    /// <summary>The workers that were looked at.</summary>
    public IEnumerable<WorkerId> Workers => _known.Keys;

    /// <summary>Looks at a worker.</summary>
    /// <param name="worker">Its row.</param>
    /// <param name="alive">Whether its process is there.</param>
    public WorkerSight See(WorkerSnapshot worker, bool alive)
    {
        var now = time.GetTimestamp();
        var before = _known.TryGetValue(worker.Id, out var known) && known.Pid == worker.Pid ? known : new Sighting(worker.Pid, worker.HeartbeatAt, now, default, null);
        var passed = time.GetElapsedTime(before.At, now);
        passed = passed < longest ? passed : longest;
        var silent = before.Heartbeat == worker.HeartbeatAt ? before.Silent + passed : default;
        TimeSpan? unwanted = alive && SupervisionStep.IsUnwanted(worker) ? before.Unwanted + passed ?? TimeSpan.Zero : null;
        _known[worker.Id] = new Sighting(worker.Pid, worker.HeartbeatAt, now, silent, unwanted);
        return new WorkerSight(alive, silent, unwanted ?? TimeSpan.Zero);
    }

    /// <summary>Begins anew with a worker.</summary>
    public void Forget(WorkerId worker) => _known.Remove(worker);

    /// <summary>Begins anew with all.</summary>
    public void Clear() => _known.Clear();

    private readonly record struct Sighting(int? Pid, DateTimeOffset? Heartbeat, long At, TimeSpan Silent, TimeSpan? Unwanted);
}
