using Microsoft.Extensions.Logging;
using Npgsql;

namespace Radar.Jobs.Fleet;

/// <summary>
/// One connection of the process that listens to <c>radar_fleet</c> and wakes whoever waits for a change. It opens with the first wait and opens
/// again when it breaks; while it is broken waiters are woken by their own time-out, so every wait names one.
/// </summary>
public sealed partial class FleetListener : IAsyncDisposable
{
    private static readonly TimeSpan Reopen = TimeSpan.FromSeconds(1);

    private readonly NpgsqlDataSource _source;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task? _loop;

    /// <summary>Listens by a connection of <paramref name="source"/> that it holds for its lifetime.</summary>
    public FleetListener(NpgsqlDataSource source, TimeProvider time, ILogger<FleetListener> logger) => (_source, _time, _logger) = (source, time, logger);

    /// <summary>A task that ends with the next change. Take it before reading the state that you wait on, so that no change falls between.</summary>
    public Task NextChange
    {
        get
        {
            lock (_gate)
            {
                _loop ??= Task.Run(() => ListenAsync(_stopping.Token));
                return _changed.Task;
            }
        }
    }

    /// <summary>Waits until <paramref name="change"/> ends or <paramref name="atMost"/> passed.</summary>
    /// <param name="change">From <see cref="NextChange"/>.</param>
    /// <param name="atMost">When to look again without having been told.</param>
    /// <param name="cancellationToken">Ends the wait at once.</param>
    public async Task WaitAsync(Task change, TimeSpan atMost, CancellationToken cancellationToken)
    {
        try
        {
            await change.WaitAsync(atMost, _time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // The fallback: the caller looks by itself.
        }
    }

    /// <summary>Wakes the waiters of this process.</summary>
    public void Wake()
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            (changed, _changed) = (_changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }
        changed.TrySetResult();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        if (_loop is { } loop)
        {
            await loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        _stopping.Dispose();
    }

    private async Task ListenAsync(CancellationToken cancellationToken)
    {
        var broken = false;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await using var connection = await _source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
                connection.Notification += (_, _) => Wake();
                await using (var listen = new NpgsqlCommand("LISTEN radar_fleet", connection))
                {
                    await listen.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
                }
                if (broken)
                {
                    LogListeningAgain();
                    broken = false;
                }
                Wake(); // Whatever happened before we listened.
                while (true)
                {
                    await connection.WaitAsync(cancellationToken).ConfigureAwait(false);
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // A broken listener must not end its process: waiters look by themselves each second until it is back.
            catch (Exception problem)
#pragma warning restore CA1031
            {
                if (!broken)
                {
                    LogBroken(problem.Message);
                    broken = true;
                }
                await Task.Delay(Reopen, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "Stopped hearing changes of the fleet, looking each second until it is back: {Problem}")]
    private partial void LogBroken(string problem);

    [LoggerMessage(LogLevel.Information, "Hear changes of the fleet again")]
    private partial void LogListeningAgain();
}
