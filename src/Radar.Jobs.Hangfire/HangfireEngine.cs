using global::Hangfire;
using global::Hangfire.Common;
using global::Hangfire.PostgreSql;
using global::Hangfire.States;
using global::Hangfire.Storage;
using Npgsql;
using Radar.Jobs.Engine;

namespace Radar.Jobs.Hangfire;

/// <summary>
/// The seam on Hangfire. It takes part in no transaction of ours: jobs are put right after the commit, and the sweeper covers the gap. A
/// continuation is a row that outlives any node: static edges are continuations.
/// </summary>
internal sealed class HangfireEngine(HangfireHost host, IJobFilterProvider filters) : IJobEngine
{
    // Later than this a recurring job was not late but the whole system down: one fire stands for all the missed ones.
    private static readonly TimeSpan LongAway = TimeSpan.FromMinutes(10);

    // Whoever put it has died meanwhile: then it runs all the same.
    private static readonly TimeSpan HeldAtMost = TimeSpan.FromSeconds(30);

    public string Name => "Hangfire";

    public EngineTraits Traits => new(Enlists: false, Chains: true, KnowsKeys: false);

    public Task<string> EnqueueAsync(EngineJob job, NpgsqlTransaction? transaction, CancellationToken cancellationToken) => CreateAsync(
        job,
        job.After is { } parent ? new AwaitingState(parent, new EnqueuedState(), JobContinuationOptions.OnlyOnSucceededState)
        : job.Held ? new ScheduledState(HeldAtMost) { Reason = "its continuations are being put" }
        : new EnqueuedState(),
        cancellationToken);

    public async Task ReleaseAsync(string jobId, EngineJob job, CancellationToken cancellationToken)
    {
        var storage = await host.StorageAsync(cancellationToken);
        await Task.Run(
            () => new BackgroundJobClient(storage, filters).ChangeState(jobId, new EnqueuedState(job.Queue), ScheduledState.StateName), cancellationToken);
    }

    public Task<string> ScheduleAsync(EngineJob job, DateTimeOffset at, NpgsqlTransaction? transaction, CancellationToken cancellationToken)
    {
        var state = NotBefore(at);
        return CreateAsync(job, job.After is null ? state : new AwaitingState(job.After, state, JobContinuationOptions.OnlyOnSucceededState), cancellationToken);
    }

    /// <summary>Hangfire keeps whole seconds and cuts off what is left over: rounded up, nothing comes early.</summary>
    internal static ScheduledState NotBefore(DateTimeOffset at) => new(new DateTime((at.UtcTicks + TimeSpan.TicksPerSecond - 1) / TimeSpan.TicksPerSecond * TimeSpan.TicksPerSecond, DateTimeKind.Utc));

    public async Task SetRecurringAsync(RecurringTrigger trigger, CancellationToken cancellationToken)
    {
        var storage = await host.StorageAsync(cancellationToken);
        await LockedAsync(
            () =>
            {
                var jobs = new RecurringJobManager(storage, filters);
                using var connection = storage.GetConnection();
                var known = connection.GetRecurringJobs([trigger.Workflow]).FirstOrDefault(j => !j.Removed);
                var fire = Job.FromExpression<WorkflowJob>(x => x.FireAsync(trigger.Workflow, null, CancellationToken.None), Workflows.Queues.Control);
                if (known?.NextExecution is { } next && host.Time.GetUtcNow().UtcDateTime - next > LongAway)
                {
                    // Strict would put one job for each missed tick, however many.
                    jobs.RemoveIfExists(trigger.Workflow);
                    new BackgroundJobClient(storage, filters).Create(fire, new EnqueuedState { Reason = "Triggered by recurring job scheduler" });
                }

                jobs.AddOrUpdate(trigger.Workflow, fire, trigger.Cron ?? Cron.Never(), Recurring(trigger.TimeZone));
            },
            cancellationToken);
    }

    public async Task RemoveRecurringAsync(string workflow, CancellationToken cancellationToken)
    {
        var storage = await host.StorageAsync(cancellationToken);
        await LockedAsync(() => new RecurringJobManager(storage, filters).RemoveIfExists(workflow), cancellationToken);
    }

    public async Task<bool> CancelAsync(string jobId, CancellationToken cancellationToken)
    {
        var storage = await host.StorageAsync(cancellationToken);
        return await Task.Run(
            () =>
            {
                using var connection = storage.GetConnection();
                // Deleting would also succeed on what has ended: from the state it is in, and from no other.
                return long.TryParse(jobId, out _)
                    && connection.GetStateData(jobId)?.Name is { } state and not ("Succeeded" or "Deleted")
                    && new BackgroundJobClient(storage, filters).ChangeState(jobId, new DeletedState { Reason = "cancelled in Radar" }, state);
            },
            cancellationToken);
    }

    public async Task<EngineDescription> DescribeAsync(CancellationToken cancellationToken) =>
        await HangfireReport.DescribeAsync(await host.StorageAsync(cancellationToken), host.Database, cancellationToken);

    /// <summary>How recurring jobs recur: a job for each tick, which Radar's own policy then makes a run of or not.</summary>
    internal static RecurringJobOptions Recurring(string timeZone) => new()
    {
        TimeZone = TimeZoneInfo.FindSystemTimeZoneById(timeZone),
        MisfireHandling = MisfireHandlingMode.Strict,
    };

    // A node that was killed in the middle of this leaves its lock behind, which lasts longer than Hangfire waits for it: the caller tries again.
    private static async Task LockedAsync(Action change, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Run(change, cancellationToken);
        }
        catch (Exception held) when (held is PostgreSqlDistributedLockException or DistributedLockTimeoutException)
        {
            throw new TimeoutException($"another node holds, or left behind, a lock of Hangfire, which ends by itself: {held.Message}", held);
        }
    }

    private async Task<string> CreateAsync(EngineJob job, IState state, CancellationToken cancellationToken)
    {
        var storage = await host.StorageAsync(cancellationToken);
        var (run, task) = job.Payload;
        // The job itself carries the queue: a state would forget it at the first retry.
        var call = Job.FromExpression<TaskJob>(x => x.RunAsync(run, task, job.Label, null, CancellationToken.None), job.Queue);
        return await Task.Run(() => new BackgroundJobClient(storage, filters).Create(call, state), cancellationToken);
    }
}
