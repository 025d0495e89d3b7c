using global::Hangfire.States;
using Microsoft.Extensions.Logging;

namespace Radar.Jobs.Hangfire;

/// <summary>
/// Hangfire aborts a job whenever it is not at work under this worker any more: somebody deleted it, but also where it was requeued, or given to
/// another worker after an outage. Only the first is meant for the task; in all other cases the task goes on under its lease.
/// </summary>
internal sealed partial class JobAborts(HangfireHost host, ILogger<JobAborts> logger)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>Signals <paramref name="deleted"/> if the job is deleted, until <paramref name="ended"/>.</summary>
    public async Task WatchAsync(string job, CancellationTokenSource deleted, CancellationToken aborted, CancellationToken ended)
    {
        await UntilAsync(aborted, ended);
        var told = false;
        while (!ended.IsCancellationRequested)
        {
            var state = await StateAsync(job, ended);
            if (state is { IsKnown: true, Name: null } || state.Name == DeletedState.StateName)
            {
                await deleted.CancelAsync();
                return;
            }

            if (state.IsKnown && !told)
            {
                told = true;
                LogElsewhere(job, state.Name!);
            }

            await Task.Delay(Pause, host.Time, ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task UntilAsync(CancellationToken aborted, CancellationToken ended)
    {
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using (aborted.Register(() => told.TrySetResult()))
        await using (ended.Register(() => told.TrySetResult()))
        {
            await told.Task;
        }
    }

    private async Task<(bool IsKnown, string? Name)> StateAsync(string job, CancellationToken ended)
    {
        try
        {
            var storage = await host.StorageAsync(ended);
            return await Task.Run(
                () =>
                {
                    using var connection = storage.GetConnection();
                    return (true, connection.GetStateData(job)?.Name);
                },
                CancellationToken.None).WaitAsync(ended);
        }
#pragma warning disable CA1031 // Not known now: asked again in a moment, and a task is not to be cancelled on a suspicion.
        catch (Exception)
#pragma warning restore CA1031
        {
            return (false, null);
        }
    }

    [LoggerMessage(LogLevel.Information, "Job {Job} is {State} although its task is at work here: the task goes on")]
    private partial void LogElsewhere(string job, string state);
}
