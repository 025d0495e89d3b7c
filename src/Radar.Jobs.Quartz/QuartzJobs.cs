using System.Globalization;
using global::Quartz;
using Radar.Jobs.Engine;

namespace Radar.Jobs.Quartz;

/// <summary>The one job all tasks share; its triggers say which task.</summary>
internal sealed class TaskJob(IEngineWork work, QuartzEngine engine) : IJob
{
    public static readonly JobKey Key = new("task", "radar");

    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken)
    {
        var job = EngineTriggers.Read(context.MergedJobDataMap);
        switch (await work.RunAsync(job.Payload, CancellationToken.None, cancellationToken))
        {
            case Delivery.Again again:
                await engine.PutAgainAsync(job, again.At, cancellationToken);
                break;
            // Quartz lets no continuation run after an exception.
            case Delivery.Failed failed:
                throw new JobExecutionException(failed.Reason);
            case Delivery.Gone gone:
                throw new JobExecutionException(gone.Reason);
        }
    }
}

/// <summary>The job of a workflow's recurring trigger, and of the button in a dashboard of Quartz.</summary>
internal sealed class WorkflowJob(IEngineWork work) : IJob
{
    public const string Group = "workflows";

    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken) =>
        // What a lost node had fired comes under a trigger of Quartz's own.
        await work.FireAsync(context.JobDetail.Key.Name, byHand: context.Trigger.Key.Group != Group && !context.Recovering, cancellationToken);
}

/// <summary>Our jobs as Quartz triggers. All deliveries of one job share a trigger group, named by the job's key.</summary>
internal static class EngineTriggers
{
    public static ITrigger Build(EngineJob job, DateTimeOffset at, string name, TimeProvider time)
    {
        var builder = TriggerBuilder.Create(time)
            .ForJob(TaskJob.Key)
            .WithIdentity(new TriggerKey(name, job.Key))
            .WithDescription(job.Label)
            .WithExecutionGroup(job.Queue)
            .UsingJobData(new JobDataMap
            {
                ["run"] = job.Payload.RunId.ToString(CultureInfo.InvariantCulture),
                ["task"] = job.Payload.TaskId.ToString(CultureInfo.InvariantCulture),
                ["key"] = job.Key,
                ["queue"] = job.Queue,
                ["label"] = job.Label,
            });
        return job.After is { } parent
            ? builder.StartAfter(new TriggerKey(FirstName, parent), ContinuationCondition.OnSuccess).Build()
            : builder.StartAt(at).Build();
    }

    /// <summary>Name of a job's first delivery within its group.</summary>
    public const string FirstName = "job";

    public static EngineJob Read(JobDataMap data) => new(
        data.GetString("key")!,
        new(Number(data, "run"), Number(data, "task")),
        data.GetString("queue")!,
        data.GetString("label")!);

    private static long Number(JobDataMap data, string name) => long.Parse(data.GetString(name)!, CultureInfo.InvariantCulture);
}
