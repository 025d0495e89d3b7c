using System.Globalization;
using global::Quartz;
using Npgsql;
using Radar.Jobs.Engine;

namespace Radar.Jobs.Quartz;

/// <summary>
/// The seam on Quartz. A continuation here is Quartz's own: it is lost when its parent's node crashes, which is why the traits say no to
/// chains and Radar puts children inside the transaction that ends their parent.
/// </summary>
internal sealed class QuartzEngine(QuartzHost host, TimeProvider time) : IJobEngine
{
    public string Name => "Quartz";

    public EngineTraits Traits => new(Enlists: true, Chains: false, KnowsKeys: true);

    public Task<string> EnqueueAsync(EngineJob job, NpgsqlTransaction? transaction, CancellationToken cancellationToken) =>
        ScheduleAsync(job, time.GetUtcNow(), transaction, cancellationToken);

    /// <summary>Never asked for: nothing is chained here.</summary>
    public Task ReleaseAsync(string jobId, EngineJob job, CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task<string> ScheduleAsync(
        EngineJob job, DateTimeOffset at, NpgsqlTransaction? transaction, CancellationToken cancellationToken)
    {
        var scheduler = await host.SchedulerAsync(cancellationToken);
        using (transaction is null ? null : scheduler.EnlistTransaction(transaction))
        {
            try
            {
                await PutAsync(scheduler, job, at, EngineTriggers.FirstName, cancellationToken);
            }
            catch (ObjectDoesNotExistException) when (job.After is not null)
            {
                // The parent has ended and is forgotten: its success was seen before this call, so nothing is left to wait for.
                await PutAsync(scheduler, job with { After = null }, at, EngineTriggers.FirstName, cancellationToken);
            }
        }

        return job.Key;
    }

    public async Task SetRecurringAsync(RecurringTrigger trigger, CancellationToken cancellationToken)
    {
        var scheduler = await host.SchedulerAsync(cancellationToken);
        var job = new JobKey(trigger.Workflow, WorkflowJob.Group);
        var key = new TriggerKey(trigger.Workflow, WorkflowJob.Group);
        await scheduler.AddJob(
            JobBuilder.Create<WorkflowJob>().WithIdentity(job).StoreDurably().RequestRecovery().WithDescription($"Makes a run of {trigger.Workflow}").Build(),
            new AddJobOptions { Replace = true }, cancellationToken);
        if (trigger.Cron is null)
        {
            await scheduler.UnscheduleJob(key, cancellationToken);
            return;
        }

        // An unchanged trigger keeps its next fire, so that a restart does not forget one that is due.
        var words = $"{trigger.Cron} | {trigger.TimeZone}";
        if ((await scheduler.GetTrigger(key, cancellationToken))?.Description == words)
        {
            return;
        }

        await scheduler.ScheduleTrigger(
            TriggerBuilder.Create(time).ForJob(job).WithIdentity(key).WithDescription(words).WithExecutionGroup(Workflows.Queues.Control)
                .WithCronSchedule(QuartzCron.Translate(trigger.Cron), c => c
                    .InTimeZone(TimeZoneInfo.FindSystemTimeZoneById(trigger.TimeZone))
                    .WithMisfireInstruction(CronTriggerMisfireInstruction.FireAndProceed))
                .Build(),
            TriggerConflict.Replace, cancellationToken);
    }

    public async Task RemoveRecurringAsync(string workflow, CancellationToken cancellationToken) =>
        await (await host.SchedulerAsync(cancellationToken)).DeleteJob(new JobKey(workflow, WorkflowJob.Group), cancellationToken);

    public async Task<bool> CancelAsync(string jobId, CancellationToken cancellationToken)
    {
        var scheduler = await host.SchedulerAsync(cancellationToken);
        var cancelled = false;
        foreach (var instance in (await scheduler.QueryFireInstances(new FireInstanceQuery { TriggerGroup = GroupMatcher<TriggerKey>.GroupEquals(jobId) }, cancellationToken)).Items)
        {
            cancelled |= await scheduler.InterruptFireInstance(instance.FireInstanceId, cancellationToken);
        }

        return (await scheduler.UnscheduleJobs(GroupMatcher<TriggerKey>.GroupEquals(jobId), cancellationToken)).Count > 0 || cancelled;
    }

    public Task<EngineDescription> DescribeAsync(CancellationToken cancellationToken) => QuartzReport.DescribeAsync(host, cancellationToken);

    /// <summary>Delivers a job again, from within its own delivery.</summary>
    public async Task PutAgainAsync(EngineJob job, DateTimeOffset at, CancellationToken cancellationToken) =>
        await PutAsync(
            await host.SchedulerAsync(cancellationToken), job, at, at.UtcTicks.ToString(CultureInfo.InvariantCulture), cancellationToken);

    private async Task PutAsync(IScheduler scheduler, EngineJob job, DateTimeOffset at, string name, CancellationToken cancellationToken)
    {
        var trigger = EngineTriggers.Build(job, at, name, time);
        var put = await scheduler.ScheduleTrigger(trigger, TriggerConflict.Keep, cancellationToken);
        if (put.Outcome == ScheduleOutcome.Kept && job.After is null && await scheduler.GetTriggerState(trigger.Key, cancellationToken) == TriggerState.Error)
        {
            await scheduler.ScheduleTrigger(trigger, TriggerConflict.Replace, cancellationToken);
        }
    }
}
