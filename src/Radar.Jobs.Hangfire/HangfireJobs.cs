using global::Hangfire;
using global::Hangfire.Server;
using global::Hangfire.States;
using Radar.Jobs.Engine;

namespace Radar.Jobs.Hangfire;

/// <summary>
/// The job of every task. Its name and its arguments are what lies in queues while builds change: they stay as they are. Nothing secret
/// may be among them.
/// </summary>
internal sealed class TaskJob(IEngineWork work, HangfireHost host)
{
    /// <summary>Runs the task.</summary>
    /// <param name="run">The run.</param>
    /// <param name="task">The task.</param>
    /// <param name="label">What people see.</param>
    /// <param name="context">Given by Hangfire; part of what lies in queues.</param>
    /// <param name="cancellationToken">Given by Hangfire: the node stops, or somebody deleted the job. It does not tell which; the host does.</param>
    /// <returns>What is to become of the job, for <see cref="TaskStates"/>; null when it has succeeded.</returns>
    [JobDisplayName("{2}")]
    public async Task<object?> RunAsync(long run, long task, string label, PerformContext? context, CancellationToken cancellationToken) =>
        await work.RunAsync(new(run, task), cancellationToken, host.Stopping) is var delivery and not Delivery.Done
            ? delivery
            : null;
}

/// <summary>The job of a workflow's recurring job, and of Trigger now.</summary>
internal sealed class WorkflowJob(IEngineWork work)
{
    /// <summary>Makes a run of the workflow.</summary>
    /// <param name="workflow">Its name.</param>
    /// <param name="context">Given by Hangfire.</param>
    /// <param name="cancellationToken">Given by Hangfire.</param>
    [JobDisplayName("run {0}")]
    public async Task<string> FireAsync(string workflow, PerformContext? context, CancellationToken cancellationToken)
    {
        var run = await work.FireAsync(workflow, IsByHand(context!), cancellationToken);
        return run is null ? "no run" : $"run {run}";
    }

    // Hangfire's own scheduler says so; everything else is a person: Trigger now, or Requeue.
    private static bool IsByHand(PerformContext context) =>
        context.Storage.GetMonitoringApi().JobDetails(context.BackgroundJob.Id)?.History
            .FirstOrDefault(h => h.StateName == EnqueuedState.StateName)?.Reason is not "Triggered by recurring job scheduler";
}
