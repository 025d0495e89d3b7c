using Microsoft.Extensions.Logging;
using Npgsql;

namespace Radar.Jobs.Runs;

/// <summary>Hears on channel <c>radar_runs</c> that something about a run has changed. One connection per process.</summary>
public sealed partial class RunSignals(NpgsqlDataSource database, TimeProvider time, ILogger<RunSignals> logger)
{
    /// <summary>Raised with the run's id. Notifications are a courtesy: whoever listens polls as well, seldom.</summary>
    public event Action<long>? Changed;

    /// <summary>Listens until the token ends; comes back by itself when PostgreSQL does.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await using var connection = await database.OpenConnectionAsync(cancellationToken);
                connection.Notification += (_, told) =>
                {
                    if (long.TryParse(told.Payload, out var runId))
                    {
                        Changed?.Invoke(runId);
                    }
                };
                await connection.ExecuteAsync("LISTEN radar_runs", [], cancellationToken);
                while (!cancellationToken.IsCancellationRequested)
                {
                    await connection.WaitAsync(cancellationToken);
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error) when (error is NpgsqlException or IOException || error.IsDatabaseAway())
            {
                LogDeaf(error.Message);
                await Task.Delay(TimeSpan.FromSeconds(1), time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    [LoggerMessage(LogLevel.Debug, "Channel radar_runs is not heard ({Problem}); polling meanwhile")]
    private partial void LogDeaf(string problem);
}
