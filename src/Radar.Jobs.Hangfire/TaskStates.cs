using System.Globalization;
using global::Hangfire.Common;
using global::Hangfire.States;
using global::Hangfire.Storage;
using Microsoft.Extensions.Logging;
using Radar.Jobs.Engine;
using Radar.Jobs.Workflows;

namespace Radar.Jobs.Hangfire;

/// <summary>
/// Decides which state a task's job takes: what its task asked for rather than what Hangfire would do by itself. Tells Radar what people
/// do to jobs in Hangfire's pages.
/// </summary>
internal sealed partial class TaskStates(Lazy<IEngineSteering> steering, ILogger<TaskStates> logger) : IElectStateFilter, IApplyStateFilter
{
    /// <summary>Before the filter that starts continuations (1000), which must see what we decide.</summary>
    public const int Order = 10;

    private const string ByPerson = "Triggered via Dashboard UI";
    private const string Failures = "RadarEngineFailures";
    private const string Retries = "retries"; // The set behind Hangfire's page of that name.

    public void OnStateElection(ElectStateContext context)
    {
        if (PayloadOf(context.BackgroundJob.Job) is not { } payload)
        {
            return;
        }

        switch (context.CandidateState)
        {
            case SucceededState { Result: Delivery.Again again }:
                var later = HangfireEngine.NotBefore(again.At);
                later.Reason = again.Reason ?? "the task is not to run before";
                context.CandidateState = later;
                break;
            case SucceededState { Result: Delivery.Failed failed }:
                context.CandidateState = new FailedState(new TaskFailedException(failed.Reason)) { Reason = failed.Reason };
                break;
            case SucceededState { Result: Delivery.Gone gone }:
                context.CandidateState = new DeletedState { Reason = gone.Reason };
                break;
            case FailedState broken:
                context.CandidateState = Later(context, broken);
                break;
            case EnqueuedState { Reason: ByPerson }:
                Run(token => steering.Value.RequeuedAsync(payload, context.BackgroundJob.Id, token));
                break;
        }
    }

    public void OnStateApplied(ApplyStateContext context, IWriteOnlyTransaction transaction)
    {
        if (PayloadOf(context.BackgroundJob.Job) is not { } payload)
        {
            return;
        }

        switch (context.NewState)
        {
            case ScheduledState { Reason: not null } when context.OldStateName == ProcessingState.StateName:
                transaction.AddToSet(Retries, context.BackgroundJob.Id);
                break;
            case DeletedState { Reason: ByPerson }:
                Run(token => steering.Value.DeletedAsync(payload, context.BackgroundJob.Id, token));
                break;
        }
    }

    public void OnStateUnapplied(ApplyStateContext context, IWriteOnlyTransaction transaction)
    {
        if (context.OldStateName == ScheduledState.StateName && PayloadOf(context.BackgroundJob.Job) is not null)
        {
            transaction.RemoveFromSet(Retries, context.BackgroundJob.Id);
        }
    }

    /// <summary>Run and task of a task's job; null for any other job.</summary>
    public static TaskPayload? PayloadOf(Job? job) =>
        job?.Type == typeof(TaskJob) && job.Args is [long run, long task, ..] ? new(run, task) : null;

    // Not the task but the engine failed, before or after the body: no connection, a node of another build. Trying again is right, for ever.
    private ScheduledState Later(ElectStateContext context, FailedState broken)
    {
        var before = context.GetJobParameter<int>(Failures);
        context.SetJobParameter(Failures, before + 1);
        var problem = (broken.Exception?.GetBaseException() ?? new InvalidOperationException("unknown")).Message;
        var rest = TimeSpan.FromSeconds(Math.Min(60, Math.Pow(2, Math.Min(before, 6))));
        LogFailed(context.BackgroundJob.Id, problem, rest);
        return new ScheduledState(rest) { Reason = string.Create(CultureInfo.InvariantCulture, $"the engine failed ({before + 1}): {problem}") };
    }

    // Hangfire's filters are synchronous.
    private static void Run(Func<CancellationToken, Task> work)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(15), TimeProvider.System);
        Task.Run(() => work(deadline.Token), deadline.Token).GetAwaiter().GetResult();
    }

    [LoggerMessage(LogLevel.Warning, "Job {Job} failed outside its task ({Problem}); it is tried again in {Rest}")]
    private partial void LogFailed(string job, string problem, TimeSpan rest);
}
