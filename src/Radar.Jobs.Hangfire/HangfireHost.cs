using global::Hangfire;
using global::Hangfire.AspNetCore;
using global::Hangfire.Common;
using global::Hangfire.PostgreSql;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using Radar.Jobs.Engine;
using Radar.Jobs.Workflows;
using LogProvider = Hangfire.Logging.LogProvider;

namespace Radar.Jobs.Hangfire;

/// <summary>Starts and stops Hangfire in this process: a server for each queue, since one server would take queues in the order of their names.</summary>
internal sealed partial class HangfireHost(
    HangfireDatabase database,
    HangfireStorage storage,
    HangfireWakeUp wakeUp,
    HangfireOptions options,
    IJobFilterProvider filters,
    IServiceScopeFactory scopes,
    ILoggerFactory loggers,
    TimeProvider time,
    ILogger<HangfireHost> logger) : IEngineServer, IAsyncDisposable
{
    private readonly TaskCompletionSource<PostgreSqlStorage> _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<BackgroundJobServer> _servers = [];
    private Task _loops = Task.CompletedTask;

    public TimeProvider Time => time;

    public NpgsqlDataSource Database => database.Source;

    /// <summary>Signalled when this node stops.</summary>
    public CancellationToken Stopping => _stopping.Token;

    /// <summary>The storage, once the engine has started.</summary>
    public Task<PostgreSqlStorage> StorageAsync(CancellationToken cancellationToken) => _started.Task.WaitAsync(cancellationToken);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        LogProvider.SetCurrentLogProvider(new HangfireLog(loggers));
        var opened = await Task.Run(storage.Open, cancellationToken);
        // Hangfire works synchronously on pool threads, of which a small machine begins with very few.
        ThreadPool.GetMinThreads(out var threads, out var completions);
        ThreadPool.SetMinThreads(Math.Max(threads, 16 + Queues.All.Sum(options.Of)), completions);
        // The first server also moves delayed and recurring jobs and keeps fetched ones invisible: one such per process is enough.
        foreach (var queue in Queues.All.Where(q => options.Of(q) > 0))
        {
            _servers.Add(new BackgroundJobServer(ServerOf(queue, isFirst: _servers.Count == 0), opened));
        }

        _loops = Task.WhenAll(wakeUp.ListenAsync(_stop.Token), new HangfireCare(opened, options, filters, time, logger).RunAsync(_stop.Token));
        _started.TrySetResult(opened);
        LogStarted();
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        _servers.ForEach(server => server.SendStop());
        await Task.WhenAll(_servers.Select(server => server.WaitForShutdownAsync(cancellationToken))).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await DisposeAsync();
        LogStopped();
    }

    public async ValueTask DisposeAsync()
    {
        // More than once: the container knows it under two names.
        if (!_stop.IsCancellationRequested)
        {
            await _stop.CancelAsync();
            await Task.Run(() => _servers.ForEach(server => server.Dispose()));
        }

        await _loops;
    }

    private BackgroundJobServerOptions ServerOf(string queue, bool isFirst) => new()
    {
        ServerName = $"{options.Node}-{queue}",
        Queues = [queue],
        WorkerCount = options.Of(queue),
        IsLightweightServer = !isFirst,
        SchedulePollingInterval = options.SchedulePoll,
        CancellationCheckInterval = TimeSpan.FromSeconds(1), // How soon a running job hears that it was deleted.
        HeartbeatInterval = TimeSpan.FromSeconds(5),
        ServerTimeout = TimeSpan.FromSeconds(60), // When a node that gives no sign leaves the list of servers; nothing else hangs on it.
        ServerCheckInterval = TimeSpan.FromSeconds(30),
        StopTimeout = TimeSpan.Zero,
        ShutdownTimeout = options.ShutdownGrace,
        FilterProvider = filters,
        Activator = new AspNetCoreJobActivator(scopes),
    };

    [LoggerMessage(LogLevel.Information, "Hangfire takes jobs")]
    private partial void LogStarted();

    [LoggerMessage(LogLevel.Information, "Hangfire has stopped")]
    private partial void LogStopped();
}
