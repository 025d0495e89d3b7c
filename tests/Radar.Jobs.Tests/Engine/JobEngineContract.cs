using System.Collections.Concurrent;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Radar.Jobs.Engine;
using Radar.Jobs.Workflows;
using Radar.Testing;

namespace Radar.Jobs.Tests.Engine;

/// <summary>What every engine must do behind the seam. A new engine proves itself by naming its registration.</summary>
public abstract class JobEngineContract(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IAsyncLifetime
{
    private NpgsqlDataSource _database = null!;
    private Server _one = null!;

    protected abstract string EngineName { get; }

    protected abstract void AddEngine(IServiceCollection services, IConfiguration configuration);

    public async Task InitializeAsync()
    {
        _database = await postgres.CreateDatabaseAsync();
        _one = await StartAsync("one");
    }

    public async Task DisposeAsync() => await _one.DisposeAsync();

    [Fact]
    public async Task Enqueue_Payload_IsDeliveredOnce()
    {
        await _one.Engine.EnqueueAsync(Job("1", new(7, 8)), null, default);

        await Eventually.TrueAsync(() => !_one.Work.Delivered.IsEmpty, "the delivery");
        Assert.Equal(new TaskPayload(7, 8), Assert.Single(_one.Work.Delivered).Payload);
    }

    [Fact]
    public async Task Enqueue_InsideATransaction_FollowsIt()
    {
        if (!_one.Engine.Traits.Enlists)
        {
            return; // Such an engine is given its jobs after the commit.
        }

        await using var connection = await _database.OpenConnectionAsync();
        await using (var undone = await connection.BeginTransactionAsync())
        {
            await _one.Engine.EnqueueAsync(Job("undone", new(1, 1)), undone, default);
            await undone.RollbackAsync();
        }

        await using (var done = await connection.BeginTransactionAsync())
        {
            await _one.Engine.EnqueueAsync(Job("done", new(2, 2)), done, default);
            await done.CommitAsync();
        }

        await Eventually.TrueAsync(() => !_one.Work.Delivered.IsEmpty, "the committed job");
        Assert.Equal(2, Assert.Single(_one.Work.Delivered).Payload.RunId);
    }

    [Fact]
    public async Task Schedule_ForLater_IsNotDeliveredEarly()
    {
        var at = TimeProvider.System.GetUtcNow().AddSeconds(2);
        await _one.Engine.ScheduleAsync(Job("later", new(1, 1)), at, null, default);

        await Eventually.TrueAsync(() => !_one.Work.Delivered.IsEmpty, "the delivery");
        Assert.True(_one.Work.Delivered.First().At >= at.AddMilliseconds(-20));
    }

    [Fact]
    public async Task Enqueue_SameKeyTwiceWhileItWaits_IsPutOnce()
    {
        if (!_one.Engine.Traits.KnowsKeys)
        {
            return; // Such an engine is put a job twice at worst, and the claim lets one of them run.
        }

        var at = TimeProvider.System.GetUtcNow().AddSeconds(1);
        await _one.Engine.ScheduleAsync(Job("same", new(1, 1)), at, null, default);
        await _one.Engine.ScheduleAsync(Job("same", new(1, 1)), at, null, default);
        await _one.Engine.ScheduleAsync(Job("after", new(2, 2)), at.AddSeconds(2), null, default);

        await Eventually.TrueAsync(() => _one.Work.Delivered.Any(d => d.Payload.RunId == 2), "the last job");
        Assert.Single(_one.Work.Delivered, d => d.Payload.RunId == 1);
    }

    [Fact]
    public async Task Delivery_AskedAgain_ComesAgainThenAndNotBefore()
    {
        var again = DateTimeOffset.MaxValue;
        _one.Work.Answer = (_, number) => number < 3 ? Delivery.AgainAt(again = TimeProvider.System.GetUtcNow().AddMilliseconds(500)) : Delivery.Finished;
        await _one.Engine.EnqueueAsync(Job("retry", new(1, 1)), null, default);

        await Eventually.TrueAsync(() => _one.Work.Delivered.Count == 3, "three deliveries");
        Assert.True(_one.Work.Delivered.Last().At >= again.AddMilliseconds(-20));
    }

    [Fact]
    public async Task Continuation_ParentSucceeds_RunsAfterIt()
    {
        _one.Work.Hold = true;
        var parent = await _one.Engine.EnqueueAsync(Job("parent", new(1, 1)), null, default);
        await Eventually.TrueAsync(() => _one.Work.Delivered.Count == 1, "the parent");
        await _one.Engine.EnqueueAsync(Job("child", new(2, 2)) with { After = parent }, null, default);
        _one.Work.Hold = false;

        await Eventually.TrueAsync(() => _one.Work.Delivered.Count == 2, "the child");
        Assert.Equal([1L, 2L], _one.Work.Delivered.OrderBy(d => d.At).Select(d => d.Payload.RunId));
    }

    [Fact]
    public async Task Continuation_ParentDropped_NeverRuns()
    {
        _one.Work.Answer = (payload, _) => payload.RunId == 1 ? Delivery.Dropped("failed") : Delivery.Finished;
        _one.Work.Hold = true;
        var parent = await _one.Engine.EnqueueAsync(Job("parent", new(1, 1)), null, default);
        await Eventually.TrueAsync(() => _one.Work.Delivered.Count == 1, "the parent");
        await _one.Engine.EnqueueAsync(Job("child", new(2, 2)) with { After = parent }, null, default);
        _one.Work.Hold = false;
        await Eventually.TrueAsync(() => _one.Work.Ended.Count == 1, "the parent's end");
        await _one.Engine.ScheduleAsync(Job("last", new(3, 3)), TimeProvider.System.GetUtcNow().AddSeconds(1), null, default);

        await Eventually.TrueAsync(() => _one.Work.Delivered.Any(d => d.Payload.RunId == 3), "a later job");
        Assert.DoesNotContain(_one.Work.Delivered, d => d.Payload.RunId == 2);
    }

    [Fact]
    public async Task Cancel_WaitingJob_IsNotDelivered()
    {
        var at = TimeProvider.System.GetUtcNow().AddSeconds(1);
        var id = await _one.Engine.ScheduleAsync(Job("cancelled", new(1, 1)), at, null, default);
        await _one.Engine.ScheduleAsync(Job("kept", new(2, 2)), at.AddSeconds(1), null, default);

        Assert.True(await _one.Engine.CancelAsync(id, default));
        await Eventually.TrueAsync(() => !_one.Work.Delivered.IsEmpty, "the kept job");
        Assert.Equal(2, Assert.Single(_one.Work.Delivered).Payload.RunId);
        Assert.False(await _one.Engine.CancelAsync(id, default));
    }

    [Fact]
    public async Task Cancel_RunningJob_IsToldToStop()
    {
        _one.Work.Hold = true;
        var id = await _one.Engine.EnqueueAsync(Job("running", new(1, 1)), null, default);
        await Eventually.TrueAsync(() => _one.Work.Delivered.Count == 1, "the delivery");

        await _one.Engine.CancelAsync(id, default);
        await Eventually.TrueAsync(() => _one.Work.Stopped.Count == 1, "the stop");
    }

    [Fact]
    public async Task Recurring_WithTimeZone_KnowsItsNextFire()
    {
        await _one.Engine.SetRecurringAsync(new("daily", "30 2 * * *", "Europe/Vienna"), default);

        var told = Assert.Single((await _one.Engine.DescribeAsync(default)).Recurring);
        var expected = Cron.Parse("30 2 * * *").Next(TimeProvider.System.GetUtcNow(), TimeZoneInfo.FindSystemTimeZoneById("Europe/Vienna"));
        Assert.Equal(("daily", "30 2 * * *", "Europe/Vienna", expected), (told.Workflow, told.Cron, told.TimeZone, told.NextAt));
    }

    [Fact]
    public async Task Recurring_EverySecond_FiresAndCanBeChangedAndRemoved()
    {
        await _one.Engine.SetRecurringAsync(new("tick", "* * * * * *", "Etc/UTC"), default);
        await Eventually.TrueAsync(() => _one.Work.Fired.Count(f => f == ("tick", false)) >= 2, "two ticks");

        await _one.Engine.SetRecurringAsync(new("tick", null, "Etc/UTC"), default);
        var told = Assert.Single((await _one.Engine.DescribeAsync(default)).Recurring);
        Assert.Null(told.NextAt);
        Assert.Null(told.Cron);

        await _one.Engine.RemoveRecurringAsync("tick", default);
        Assert.Empty((await _one.Engine.DescribeAsync(default)).Recurring);
    }

    [Fact]
    public async Task Queues_BacklogInBatch_DoesNotDelayControl()
    {
        _one.Work.HoldQueue = "batch";
        for (var i = 0; i < 60; i++)
        {
            await _one.Engine.EnqueueAsync(Job($"batch{i}", new(1, i)) with { Queue = Queues.Batch }, null, default);
        }

        await Eventually.TrueAsync(() => !_one.Work.Delivered.IsEmpty, "the backlog to begin");
        await _one.Engine.EnqueueAsync(Job("urgent", new(2, 1)) with { Queue = Queues.Control }, null, default);
        await Eventually.TrueAsync(() => _one.Work.Ended.Any(e => e.RunId == 2), "the urgent job");

        // One that is on its way from the queue to its worker is, for that moment, neither.
        await Eventually.TrueAsync(
            async () => (await _one.Engine.DescribeAsync(default)).Queues.Single(q => q.Name == Queues.Batch) is { Running: > 0 } batch && batch.Running + batch.Waiting == 60,
            "60 jobs at work or waiting");
        _one.Work.HoldQueue = null;
        await Eventually.TrueAsync(() => _one.Work.Ended.Count == 61, "the backlog to drain");
    }

    [Fact]
    public async Task Burst_TwoNodes_DrainItWithoutDoubles()
    {
        await using var two = await StartAsync("two");
        await Task.WhenAll(Enumerable.Range(0, 300).Select(i => _one.Engine.EnqueueAsync(Job($"b{i}", new(1, i)), null, default)));

        await Eventually.TrueAsync(() => _one.Work.Ended.Count + two.Work.Ended.Count >= 300, "300 jobs");
        var tasks = _one.Work.Ended.Concat(two.Work.Ended).Select(p => p.TaskId).ToList();
        Assert.Equal(300, tasks.Count);
        Assert.Equal(300, tasks.Distinct().Count());
        Assert.Equal(["one", "two"], (await _one.Engine.DescribeAsync(default)).Servers.Where(s => s.Alive).Select(s => s.Name).Order());
    }

    [Fact]
    public async Task Stop_JobAtWork_IsDeliveredToTheOtherNode()
    {
        var two = await StartAsync("two");
        two.Work.Hold = _one.Work.Hold = true;
        await _one.Engine.EnqueueAsync(Job("handed-over", new(1, 1)), null, default);
        await Eventually.TrueAsync(() => _one.Work.Delivered.Count + two.Work.Delivered.Count == 1, "the delivery");
        var (leaves, stays) = two.Work.Delivered.IsEmpty ? (_one, two) : (two, _one);
        stays.Work.Hold = false;

        await leaves.DisposeAsync();
        await Eventually.TrueAsync(() => stays.Work.Ended.Count == 1, "the other node to end it");
        await two.DisposeAsync();
    }

    private static EngineJob Job(string key, TaskPayload payload) => new(key, payload, Queues.Default, $"test: {key}");

    private async Task<Server> StartAsync(string node)
    {
        var settings = Node.Settings(_database.SettingOf(), node, EngineName);
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings).Build();
        var work = new RecordedWork();
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton<IEngineWork>(work);
        services.AddSingleton<IEngineSteering>(work);
        AddEngine(services, configuration);
        var server = new Server(services.BuildServiceProvider(), work);
        await server.StartAsync();
        return server;
    }

    private sealed class Server(ServiceProvider services, RecordedWork work) : IAsyncDisposable
    {
        private bool _stopped;

        public RecordedWork Work => work;

        public IJobEngine Engine { get; } = services.GetRequiredService<IJobEngine>();

        public Task StartAsync() => services.GetRequiredService<IEngineServer>().StartAsync(default);

        public async ValueTask DisposeAsync()
        {
            if (!_stopped)
            {
                _stopped = true;
                await services.GetRequiredService<IEngineServer>().StopAsync(default);
                await services.DisposeAsync();
            }
        }
    }

    /// <summary>Stands for TaskRunner and remembers what it was given.</summary>
    private sealed class RecordedWork : IEngineWork, IEngineSteering
    {
        private readonly ConcurrentDictionary<TaskPayload, int> _numbers = new();

        public ConcurrentQueue<(TaskPayload Payload, DateTimeOffset At)> Delivered { get; } = new();

        public ConcurrentQueue<TaskPayload> Ended { get; } = new();

        public ConcurrentQueue<TaskPayload> Stopped { get; } = new();

        public ConcurrentQueue<(string Workflow, bool ByHand)> Fired { get; } = new();

        public volatile bool Hold;

        public volatile string? HoldQueue;

        public Func<TaskPayload, int, Delivery> Answer { get; set; } = (_, _) => Delivery.Finished;

        public async Task<Delivery> RunAsync(TaskPayload payload, CancellationToken deleted, CancellationToken cancellationToken)
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(deleted, cancellationToken);
            var number = _numbers.AddOrUpdate(payload, 1, (_, n) => n + 1);
            Delivered.Enqueue((payload, TimeProvider.System.GetUtcNow()));
            try
            {
                while (Hold || (HoldQueue is not null && payload.RunId == 1))
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, stop.Token);
                }
            }
            catch (OperationCanceledException)
            {
                Stopped.Enqueue(payload);
                throw;
            }

            Ended.Enqueue(payload);
            return Answer(payload, number);
        }

        public Task DeletedAsync(TaskPayload payload, string jobId, CancellationToken cancellationToken) => Task.CompletedTask;

        public Task RequeuedAsync(TaskPayload payload, string jobId, CancellationToken cancellationToken) => Task.CompletedTask;

        public Task<long?> FireAsync(string workflow, bool byHand, CancellationToken cancellationToken)
        {
            Fired.Enqueue((workflow, byHand));
            return Task.FromResult<long?>(1);
        }
    }
}
