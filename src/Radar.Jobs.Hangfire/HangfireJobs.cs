using global::Hangfire;
using global::Hangfire.Server;
using global::Hangfire.States;
using Radar.Jobs.Engine;
using Radar.Market.Storage;

namespace Radar.Jobs.Hangfire;

/// <summary>
/// The job of every task. Its name and its arguments are what lies in queues while builds change: they stay as they are. Nothing secret
/// may be among them.
/// </summary>
internal sealed class TaskJob(IEngineWork work, HangfireHost host, JobAborts aborts)
{
    /// <summary>Runs the task.</summary>
    /// <param name="run">The run.</param>
    /// <param name="task">The task.</param>
    /// <param name="label">What people see.</param>
    /// <param name="context">Given by Hangfire; part of what lies in queues.</param>
    /// <param name="cancellationToken">Given by Hangfire: the node stops, or the job is not this worker's any more. The host and the job's state tell which.</param>
    /// <returns>What is to become of the job, for <see cref="TaskStates"/>; null when it has succeeded.</returns>
    [JobDisplayName("{2}")]
    public async Task<object?> RunAsync(long run, long task, string label, PerformContext? context, CancellationToken cancellationToken)
    {
        using var deleted = new CancellationTokenSource();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(host.Stopping);
        var watch = aborts.WatchAsync(context!.BackgroundJob.Id, deleted, cancellationToken, ended.Token);
        try
        {
            return await work.RunAsync(new(run, task), deleted.Token, host.Stopping) is var delivery and not Delivery.Done ? delivery : null;
        }
        finally
        {
            await ended.CancelAsync();
            await watch;
        }
    }
}

/// <summary>The job of a workflow's recurring job, and of Trigger now.</summary>
internal sealed class WorkflowJob(IEngineWork work, HangfireHost host)
{
    /// <summary>Makes a run of the workflow.</summary>
    /// <param name="workflow">Its name.</param>
    /// <param name="context">Given by Hangfire.</param>
    /// <param name="cancellationToken">Given by Hangfire.</param>
    [JobDisplayName("run {0}")]
    public async Task<string> FireAsync(string workflow, PerformContext? context, CancellationToken cancellationToken)
    {
        var run = await work.FireAsync(workflow, await IsByHandAsync(context!.BackgroundJob.Id, cancellationToken), cancellationToken);
        return run is null ? "no run" : $"run {run}";
    }

    // Hangfire's own scheduler says so; everything else is a person: Trigger now, or Requeue.
    private async Task<bool> IsByHandAsync(string job, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                var storage = await host.StorageAsync(cancellationToken);
                return (await Task.Run(() => storage.GetMonitoringApi().JobDetails(job), cancellationToken))?.History
                    .FirstOrDefault(h => h.StateName == EnqueuedState.StateName)?.Reason is not "Triggered by recurring job scheduler";
            }
            catch (Exception error) when (DatabaseAway.Is(error) && !cancellationToken.IsCancellationRequested)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), host.Time, cancellationToken);
            }
        }
    }
}
