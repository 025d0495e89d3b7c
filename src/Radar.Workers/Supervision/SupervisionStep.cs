using Radar.Jobs.Fleet;

namespace Radar.Workers.Supervision;

/// <summary>What the agent sees of a worker beside its row.</summary>
/// <param name="Alive">Whether its process is there.</param>
/// <param name="SilentFor">How long its heartbeat has not moved while PostgreSQL could be read.</param>
/// <param name="UnwantedFor">How long a process has been there that should not be.</param>
internal readonly record struct WorkerSight(bool Alive, TimeSpan SilentFor, TimeSpan UnwantedFor);

/// <summary>What the agent does about a worker now.</summary>
internal abstract record SupervisionStep
{
    /// <summary>All is as asked, or on its way.</summary>
    public sealed record Nothing : SupervisionStep;

    /// <summary>Start a process.</summary>
    public sealed record Launch : SupervisionStep;

    /// <summary>Bring the row to a state; there is no process.</summary>
    public sealed record Move(WorkerState To, string Why) : SupervisionStep;

    /// <summary>The process of a deleted worker is gone, too: its row is to say so.</summary>
    public sealed record Gone : SupervisionStep;

    /// <summary>The process is gone although nobody asked: restart it after a while, or give up.</summary>
    public sealed record Died : SupervisionStep;

    /// <summary>SIGTERM.</summary>
    public sealed record Terminate : SupervisionStep;

    /// <summary>SIGKILL.</summary>
    public sealed record Kill(string Why) : SupervisionStep;

    /// <summary>The decision, and nothing but the decision.</summary>
    /// <param name="worker">Its row.</param>
    /// <param name="sight">What is seen of it.</param>
    /// <param name="now">PostgreSQL's clock.</param>
    /// <param name="options">Deadlines.</param>
    public static SupervisionStep Decide(WorkerSnapshot worker, WorkerSight sight, DateTimeOffset now, SupervisionOptions options)
    {
        if (sight.Alive)
        {
            if (IsUnwanted(worker))
            {
                return sight.UnwantedFor >= options.TerminateAfter + options.KillAfter ? new Kill("it did not end when told to")
                    : sight.UnwantedFor >= options.TerminateAfter ? new Terminate()
                    : new Nothing();
            }
            var patience = worker.HeartbeatAt is null ? options.StartWithin : options.HungAfter;
            return sight.SilentFor >= patience ? new Kill($"no heartbeat for {sight.SilentFor.TotalSeconds:0} s") : new Nothing();
        }
        if (worker.Desired == DesiredState.Delete)
        {
            return worker.Actual != WorkerState.Deleted ? new Move(WorkerState.Deleted, "asked to delete; it has no process")
                : worker.Pid is null ? new Nothing()
                : new Gone();
        }
        return worker.Actual switch
        {
            WorkerState.Wait => new Launch(),
            WorkerState.Backoff => worker.NextStartAt is null || now >= worker.NextStartAt ? new Launch() : new Nothing(),
            WorkerState.Deleted => new Move(WorkerState.Wait, "asked to start again while it was ending"),
            WorkerState.Failed => new Nothing(),
            _ => new Died(),
        };
    }

    /// <summary>Whether a process of this worker should end: deleting is asked, or its state is one without a process.</summary>
    public static bool IsUnwanted(WorkerSnapshot worker) => worker.Desired == DesiredState.Delete || !worker.Actual.HasProcess();
}
