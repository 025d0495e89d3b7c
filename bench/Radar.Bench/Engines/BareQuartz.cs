using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using Quartz;

namespace Radar.Bench.Engines;

/// <summary>Quartz with a clustered store in PostgreSQL, set as Radar sets it, and nothing of Radar: other processes are heard of by polling.</summary>
internal sealed class BareQuartz(string database, string node) : IContender
{
    private const int AtATime = 8;
    private static readonly JobKey One = new("one");
    private static TaskCompletionSource? allEnded;
    private static int left;
    private IScheduler? _scheduler;

    public async Task StartAsync(bool works, CancellationToken cancellationToken)
    {
        await using (var connection = new NpgsqlConnection(database))
        {
            await connection.OpenAsync(cancellationToken);
            await using var schema = new NpgsqlCommand("CREATE SCHEMA IF NOT EXISTS quartz", connection);
            await schema.ExecuteNonQueryAsync(cancellationToken);
        }

        var services = new ServiceCollection();
        services.AddLogging(log => log.SetMinimumLevel(LogLevel.None));
        services.AddQuartz(quartz =>
        {
            quartz.ConfigureScheduler(o =>
            {
                o.InstanceName = "bare";
                o.InstanceId = node;
                o.IdleWaitTime = TimeSpan.FromSeconds(2);
            });
            quartz.UseDefaultThreadPool(AtATime);
            quartz.UsePersistentStore(store =>
            {
                store.UsePostgres(NpgsqlFactory.Instance, $"{database};Maximum Pool Size=12;Max Auto Prepare=100;Auto Prepare Min Usages=2");
                store.UseSystemTextJsonSerializer();
                store.ProvisionSchema();
                store.UseClustering(c => c.CheckinInterval = TimeSpan.FromSeconds(2));
                store.ConfigureStore(o =>
                {
                    o.TablePrefix = "quartz.qrtz_";
                    o.StoreJobDataAsStrings = true;
                });
            });
        });
        _scheduler = await services.BuildServiceProvider().GetRequiredService<ISchedulerFactory>().GetScheduler(cancellationToken);
        await _scheduler.AddJob(
            JobBuilder.Create<Job>().WithIdentity(One).StoreDurably().Build(), new AddJobOptions { Replace = true }, cancellationToken);
        if (works)
        {
            await _scheduler.Start(cancellationToken);
        }
    }

    public Task PutAsync(string id, CancellationToken cancellationToken) => PutAsync(_scheduler!, id, 0, cancellationToken);

    public Task PutChainAsync(string id, CancellationToken cancellationToken) => PutAsync(_scheduler!, id, 4, cancellationToken);

    public async Task DrainAsync(int jobs, CancellationToken cancellationToken)
    {
        left = jobs;
        allEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
        for (var i = 0; i < jobs; i++)
        {
            await PutAsync(_scheduler!, "", 0, cancellationToken);
        }

        await allEnded.Task.WaitAsync(TimeSpan.FromMinutes(5), TimeProvider.System, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_scheduler is not null)
        {
            await _scheduler.Shutdown(waitForJobsToComplete: true);
        }
    }

    private static async Task PutAsync(IScheduler scheduler, string id, int more, CancellationToken cancellationToken) =>
        await scheduler.ScheduleTrigger(
            TriggerBuilder.Create().ForJob(One).WithIdentity(Guid.NewGuid().ToString("n"))
                .UsingJobData(new JobDataMap { ["id"] = id, ["more"] = more.ToString(CultureInfo.InvariantCulture) })
                .StartNow().Build(),
            TriggerConflict.Keep, cancellationToken);

    private sealed class Job : IJob
    {
        public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken)
        {
            var id = context.MergedJobDataMap.GetString("id")!;
            var more = int.Parse(context.MergedJobDataMap.GetString("more")!, CultureInfo.InvariantCulture);
            if (more > 0)
            {
                await PutAsync(context.Scheduler, id, more - 1, cancellationToken);
            }
            else if (id.Length > 0)
            {
                Beginnings.Note(id);
            }
            else if (Interlocked.Decrement(ref left) == 0)
            {
                allEnded?.TrySetResult();
            }
        }
    }
}
