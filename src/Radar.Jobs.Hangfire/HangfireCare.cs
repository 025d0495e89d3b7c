using global::Hangfire;
using global::Hangfire.Common;
using global::Hangfire.States;
using global::Hangfire.Storage;
using Microsoft.Extensions.Logging;

namespace Radar.Jobs.Hangfire;

/// <summary>What Hangfire leaves lying: failed jobs, which it keeps for ever, and recurring jobs that it disabled after errors.</summary>
internal sealed partial class HangfireCare(
    JobStorage storage, HangfireOptions options, IJobFilterProvider filters, TimeProvider time, ILogger logger)
{
    private const int Page = 500;

    /// <summary>Looks every minute until the token ends.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMinutes(1), time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                try
                {
                    await Task.Run(Look, cancellationToken);
                }
#pragma warning disable CA1031 // One bad look must not be the last.
                catch (Exception error) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
                {
                    LogBlind(error.Message);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    internal void Look()
    {
        using (var connection = storage.GetConnection())
        {
            foreach (var job in connection.GetRecurringJobs().Where(j => j.Error is { Length: > 0 } && j.Job is not null))
            {
                LogDisabled(job.Id, job.Error);
                new RecurringJobManager(storage, filters).AddOrUpdate(
                    job.Id, job.Job, job.Cron, HangfireEngine.Recurring(job.TimeZoneId));
            }
        }

        // Newest first: the oldest are at the end.
        var api = storage.GetMonitoringApi();
        var client = new BackgroundJobClient(storage, filters);
        var old = time.GetUtcNow().UtcDateTime - options.KeepFailed;
        for (var from = (int)Math.Max(0, api.FailedCount() - Page); ; from = Math.Max(0, from - Page))
        {
            var deleted = 0;
            foreach (var (id, job) in api.FailedJobs(from, Page).Where(j => j.Value?.FailedAt < old))
            {
                deleted += client.ChangeState(id, new DeletedState { Reason = $"failed at {job.FailedAt:u}, kept long enough" }, FailedState.StateName) ? 1 : 0;
            }

            if (deleted < Page || from == 0)
            {
                return;
            }
        }
    }

    [LoggerMessage(LogLevel.Error, "Hangfire disabled recurring job {Job} ({Problem}); it is enabled again")]
    private partial void LogDisabled(string job, string problem);

    [LoggerMessage(LogLevel.Warning, "Hangfire's failed and disabled jobs could not be looked at ({Problem}); again in a minute")]
    private partial void LogBlind(string problem);
}
