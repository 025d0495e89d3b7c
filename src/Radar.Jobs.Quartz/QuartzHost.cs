using global::Quartz;
using global::Quartz.Extensibility;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using Radar.Jobs.Engine;

namespace Radar.Jobs.Quartz;

/// <summary>Starts and stops Quartz in this process, and wakes it when another process has put a job.</summary>
internal sealed partial class QuartzHost(
    QuartzDatabase database, IServiceProvider services, TimeProvider time, ILogger<QuartzHost> logger) : IEngineServer, IAsyncDisposable
{
    // "radar" and "qrz" in ASCII.
    private const long LockKey = 0x72_61_64_61_72_71_72_7a;

    private readonly TaskCompletionSource<IScheduler> _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stop = new();
    private Task _listening = Task.CompletedTask;

    public NpgsqlDataSource Database => database.Source;

    public TimeProvider Time => time;

    /// <summary>The scheduler, once it has started.</summary>
    public Task<IScheduler> SchedulerAsync(CancellationToken cancellationToken) => _started.Task.WaitAsync(cancellationToken);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        // Two nodes that make the tables at the same time would trip over each other.
        await using var connection = await Database.OpenConnectionAsync(cancellationToken);
        await ExecuteAsync(connection, $"SELECT pg_advisory_lock({LockKey}); CREATE SCHEMA IF NOT EXISTS quartz", cancellationToken);
        IScheduler scheduler;
        try
        {
            scheduler = await services.GetRequiredService<ISchedulerFactory>().GetScheduler(cancellationToken);
            await scheduler.AddJob(
                JobBuilder.Create<TaskJob>().WithIdentity(TaskJob.Key).StoreDurably().RequestRecovery()
                    .WithDescription("Runs a task; its trigger says which").Build(),
                new AddJobOptions { Replace = true }, cancellationToken);
            await ExecuteAsync(connection, WakeUp, cancellationToken);
        }
        finally
        {
            await ExecuteAsync(connection, $"SELECT pg_advisory_unlock({LockKey})", CancellationToken.None);
        }

        await scheduler.Start(cancellationToken);
        _listening = ListenAsync(services.GetRequiredService<ISchedulerSignaler>(), _stop.Token);
        _started.TrySetResult(scheduler);
        LogStarted();
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_started.Task.IsCompletedSuccessfully && !_stop.IsCancellationRequested)
        {
            await _started.Task.Result.Shutdown(waitForJobsToComplete: true, cancellationToken);
            LogStopped();
        }

        await DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        // More than once: the container knows it under two names.
        if (!_stop.IsCancellationRequested)
        {
            await _stop.CancelAsync();
        }

        await _listening;
    }

    private async Task ListenAsync(ISchedulerSignaler signaler, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await using var connection = await Database.OpenConnectionAsync(cancellationToken);
                await ExecuteAsync(connection, "LISTEN radar_engine", cancellationToken);
                await signaler.SignalSchedulingChange(null, cancellationToken); // What came while nobody listened.
                while (true)
                {
                    await connection.WaitAsync(cancellationToken);
                    await signaler.SignalSchedulingChange(null, cancellationToken);
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // Without its ear Quartz still polls: whatever it was, listen again.
            catch (Exception error)
#pragma warning restore CA1031
            {
                LogDeaf(error.Message);
                await Task.Delay(TimeSpan.FromSeconds(1), time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private const string WakeUp = """
        CREATE OR REPLACE FUNCTION quartz.radar_wake() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          PERFORM pg_notify('radar_engine', '');
          RETURN NULL;
        END $$;
        CREATE OR REPLACE TRIGGER radar_wake AFTER INSERT ON quartz.qrtz_triggers FOR EACH STATEMENT EXECUTE FUNCTION quartz.radar_wake();
        """;

    [LoggerMessage(LogLevel.Information, "Quartz takes jobs")]
    private partial void LogStarted();

    [LoggerMessage(LogLevel.Information, "Quartz has stopped")]
    private partial void LogStopped();

    [LoggerMessage(LogLevel.Debug, "Channel radar_engine is not heard ({Problem}); Quartz polls meanwhile")]
    private partial void LogDeaf(string problem);
}
