using Hangfire;
using Hangfire.PostgreSql;
using Npgsql;

namespace Radar.Bench.Engines;

/// <summary>
/// Hangfire on PostgreSQL and nothing of Radar: what its own page advises for quick starts, long polling, with connections enough for it to
/// work at all (three for each worker).
/// </summary>
internal sealed class BareHangfire(string database, string node) : IContender
{
    private const int AtATime = 8;
    private BackgroundJobServer? _server;
    private NpgsqlDataSource? _source;
    private BackgroundJobClient? _client;

    public Task StartAsync(bool works, CancellationToken cancellationToken)
    {
        GlobalConfiguration.Configuration.SetDataCompatibilityLevel(CompatibilityLevel.Version_180)
            .UseSimpleAssemblyNameTypeSerializer().UseRecommendedSerializerSettings();
        var connection = $"{database};Persist Security Info=true;Maximum Pool Size={(3 * AtATime) + 10};Max Auto Prepare=100;Auto Prepare Min Usages=2";
        _source = NpgsqlDataSource.Create(connection);
        var storage = new PostgreSqlStorage(
            new Factory(_source), new PostgreSqlStorageOptions { EnableLongPolling = true, QueuePollInterval = TimeSpan.FromSeconds(1) });
        _client = new BackgroundJobClient(storage);
        ThreadPool.SetMinThreads(40, 8);
        if (works)
        {
            _server = new BackgroundJobServer(
                new BackgroundJobServerOptions { ServerName = node, WorkerCount = AtATime, SchedulePollingInterval = TimeSpan.FromSeconds(1) }, storage);
        }

        return Task.CompletedTask;
    }

    public Task PutAsync(string id, CancellationToken cancellationToken) => Task.Run(() => _client!.Enqueue(() => BareJobs.Note(id)), cancellationToken);

    public Task PutChainAsync(string id, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            var job = _client!.Enqueue(() => BareJobs.Nothing());
            for (var i = 0; i < 3; i++)
            {
                job = _client.ContinueJobWith(job, () => BareJobs.Nothing());
            }

            _client.ContinueJobWith(job, () => BareJobs.Note(id));
        },
        cancellationToken);

    public async Task DrainAsync(int jobs, CancellationToken cancellationToken)
    {
        var ended = BareJobs.Expect(jobs);
        await Task.Run(() => Enumerable.Range(0, jobs).ToList().ForEach(_ => _client!.Enqueue(() => BareJobs.Count())), cancellationToken);
        await ended.WaitAsync(TimeSpan.FromMinutes(5), TimeProvider.System, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        _server?.SendStop();
        _server?.Dispose();
        await (_source?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    private sealed class Factory(NpgsqlDataSource source) : IConnectionFactory
    {
        public NpgsqlConnection GetOrCreateConnection() => source.CreateConnection();
    }
}

/// <summary>The jobs of <see cref="BareHangfire"/>, which Hangfire wants public.</summary>
public static class BareJobs
{
    private static TaskCompletionSource allEnded = new();
    private static int left;

    /// <summary>Does nothing.</summary>
    public static void Nothing()
    {
    }

    /// <summary>Notes its beginning.</summary>
    public static void Note(string id) => Beginnings.Note(id);

    /// <summary>Counts down to the last job.</summary>
    public static void Count()
    {
        if (Interlocked.Decrement(ref left) == 0)
        {
            allEnded.TrySetResult();
        }
    }

    internal static Task Expect(int jobs)
    {
        left = jobs;
        allEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
        return allEnded.Task;
    }
}

internal static partial class EnginesPresent
{
    static partial void AddHangfire(Dictionary<string, Func<string, string, IContender>> contenders) =>
        contenders["Hangfire"] = (database, node) => new BareHangfire(database, node);
}
