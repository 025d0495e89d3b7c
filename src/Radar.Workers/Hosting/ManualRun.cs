using Microsoft.Extensions.Logging;
using Radar.Jobs.Fleet;

namespace Radar.Workers.Hosting;

/// <summary>A worker started by hand, from its environment alone: no PostgreSQL, no lease, no agent. It works until it is told to stop.</summary>
internal sealed partial class ManualRun(WorkerId id, TimeProvider time, ILogger<ManualRun> logger)
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan TellEvery = TimeSpan.FromMinutes(1);
    private readonly ILogger _logger = logger;
    private string? _waitingFor;

    /// <summary>Runs the worker to its end.</summary>
    /// <param name="create">Makes the work.</param>
    /// <param name="guarantee">What the lack of PostgreSQL means for this kind; part of the first line.</param>
    /// <param name="loggers">For the work.</param>
    /// <param name="stop">Signalled on SIGTERM and SIGINT.</param>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public async Task<int> RunAsync(Func<IWorker> create, string guarantee, ILoggerFactory loggers, CancellationToken stop)
    {
        LogByHand(id, guarantee);
        var context = WorkerContext.Alone(id, time, loggers);
        using var lease = context.Lease;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var telling = TellAsync(context, ending.Token);
        try
        {
            await using var worker = create();
            while (true)
            {
                try
                {
                    await worker.RunAsync(context, stop).ConfigureAwait(false);
                    stop.ThrowIfCancellationRequested();
                }
                catch (Exception away) when (!stop.IsCancellationRequested && WorkerHost.Awaited(away) is { } service)
                {
                    if (_waitingFor != service)
                    {
                        LogWaiting(_waitingFor = service, away.Message);
                    }
                    await Task.Delay(Retry, time, stop).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            LogEnded(id);
            return ExitCodes.Done;
        }
        catch (UnworkableException wrong)
        {
            LogUnworkable(id, wrong.Message);
            return ExitCodes.Misconfigured;
        }
#pragma warning disable CA1031 // Whatever it was: whoever started it reads it in the log.
        catch (Exception unforeseen)
#pragma warning restore CA1031
        {
            LogCrashed(unforeseen, id);
            return ExitCodes.Error;
        }
        finally
        {
            await ending.CancelAsync().ConfigureAwait(false);
            await telling.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // Nobody asks it for figures, so it says them.
    private async Task TellAsync(WorkerContext context, CancellationToken ending)
    {
        while (true)
        {
            await Task.Delay(TellEvery, time, ending).ConfigureAwait(false);
            LogFigures(id, context.Figures.Take());
        }
    }

    [LoggerMessage(LogLevel.Information, "Started {Worker} by hand: settings from the environment alone, no PostgreSQL, no lease, no agent. {Guarantee}")]
    private partial void LogByHand(WorkerId worker, string guarantee);

    [LoggerMessage(LogLevel.Warning, "Waiting for {Service}: {Problem}")]
    private partial void LogWaiting(string service, string problem);

    [LoggerMessage(LogLevel.Information, "Stopped {Worker}")]
    private partial void LogEnded(WorkerId worker);

    [LoggerMessage(LogLevel.Information, "Figures of {Worker}: {Figures}")]
    private partial void LogFigures(WorkerId worker, string figures);

    [LoggerMessage(LogLevel.Error, "Failed {Worker}: {Problem}")]
    private partial void LogUnworkable(WorkerId worker, string problem);

    [LoggerMessage(LogLevel.Error, "Crashed {Worker}")]
    private partial void LogCrashed(Exception exception, WorkerId worker);
}
