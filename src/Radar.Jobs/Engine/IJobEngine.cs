using Npgsql;

namespace Radar.Jobs.Engine;

/// <summary>
/// A durable queue with cron, delay, continuation and distribution: Hangfire or Quartz, never our own. It delivers at least once; that
/// a task completes once is the business of <see cref="IEngineWork"/>. Its calls wait until the engine has started.
/// </summary>
public interface IJobEngine
{
    /// <summary>What the engine is called in <c>Radar:Engine</c>.</summary>
    string Name { get; }

    /// <summary>What it can do beyond the rest.</summary>
    EngineTraits Traits { get; }

    /// <summary>Puts a job into its queue. A job whose key is still waiting there is not put again, where <see cref="EngineTraits.KnowsKeys"/>.</summary>
    /// <param name="job">The job.</param>
    /// <param name="transaction">The job exists if and only if this commits. Only where <see cref="EngineTraits.Enlists"/>.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The engine's id of the job.</returns>
    Task<string> EnqueueAsync(EngineJob job, NpgsqlTransaction? transaction, CancellationToken cancellationToken);

    /// <summary>Lets a job go that was put with <see cref="EngineJob.Held"/>, now that its continuations are there. Only where <see cref="EngineTraits.Chains"/>.</summary>
    Task ReleaseAsync(string jobId, EngineJob job, CancellationToken cancellationToken);

    /// <summary>Puts a job into its queue at a time. As exact as the engine, never early.</summary>
    Task<string> ScheduleAsync(EngineJob job, DateTimeOffset at, NpgsqlTransaction? transaction, CancellationToken cancellationToken);

    /// <summary>Sets the recurring trigger of a workflow, or changes it.</summary>
    /// <exception cref="TimeoutException">Another node holds it, or was killed while it did: later it can be had.</exception>
    Task SetRecurringAsync(RecurringTrigger trigger, CancellationToken cancellationToken);

    /// <summary>Removes the recurring trigger of a workflow, if there is one.</summary>
    /// <exception cref="TimeoutException">As above.</exception>
    Task RemoveRecurringAsync(string workflow, CancellationToken cancellationToken);

    /// <summary>Takes a waiting job back; one that runs is told to stop as far as the engine can.</summary>
    /// <returns>False when the engine no longer has the job.</returns>
    Task<bool> CancelAsync(string jobId, CancellationToken cancellationToken);

    /// <summary>What the engine itself knows.</summary>
    Task<EngineDescription> DescribeAsync(CancellationToken cancellationToken);
}

/// <summary>The part of an engine that runs jobs in this process.</summary>
public interface IEngineServer
{
    /// <summary>Starts to take jobs. The database is there and migrated.</summary>
    Task StartAsync(CancellationToken cancellationToken);

    /// <summary>Takes no more jobs, tells running ones to stop and waits for them until the token ends.</summary>
    Task StopAsync(CancellationToken cancellationToken);
}

/// <summary>What engines differ in.</summary>
/// <param name="Enlists">A job can be put inside our transaction. Otherwise it is put right after the commit, and the sweeper covers the gap.</param>
/// <param name="Chains">A continuation survives the crash of its parent's node, so a static edge with one parent may be one.</param>
/// <param name="KnowsKeys">A job whose key is still waiting is not put again. Otherwise it is delivered twice, and the claim lets it run once.</param>
public readonly record struct EngineTraits(bool Enlists, bool Chains, bool KnowsKeys);

/// <summary>What a job carries: nothing but where to look.</summary>
/// <param name="RunId">The run.</param>
/// <param name="TaskId">The task.</param>
public readonly record struct TaskPayload(long RunId, long TaskId);

/// <summary>A job to be put into the engine.</summary>
/// <param name="Key">Names this delivery: putting the same key twice while it waits puts it once, where the engine can tell.</param>
/// <param name="Payload">What it carries.</param>
/// <param name="Queue">control, default or batch.</param>
/// <param name="Label">What people see in the engine's own dashboard: <c>start-fleet / wait-producer (run 12)</c>.</param>
/// <param name="After">Id of the job after whose success it runs; null: at once.</param>
public sealed record EngineJob(string Key, TaskPayload Payload, string Queue, string Label, string? After = null)
{
    /// <summary>It is to wait until <see cref="IJobEngine.ReleaseAsync"/>: a job that ends while its continuations are put makes them wait for its locks.</summary>
    public bool Held { get; init; }
}

/// <summary>A workflow's trigger in the engine.</summary>
/// <param name="Workflow">The workflow's name.</param>
/// <param name="Cron">Unix cron, 5 fields or 6 with seconds first; null: never by itself, only by hand.</param>
/// <param name="TimeZone">IANA name.</param>
public sealed record RecurringTrigger(string Workflow, string? Cron, string TimeZone);
