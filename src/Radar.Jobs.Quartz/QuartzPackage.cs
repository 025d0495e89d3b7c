using global::Quartz;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Npgsql;
using Radar.Jobs.Engine;
using Radar.Jobs.Hosting;
using Radar.Jobs.Workflows;

namespace Radar.Jobs.Quartz;

/// <summary>Quartz as a job engine.</summary>
public sealed class QuartzPackage : IEnginePackage
{
    /// <inheritdoc/>
    public string Name => "Quartz";

    /// <summary>Makes Quartz the job engine, in schema <c>quartz</c> of <c>Radar:Database</c>. Nothing starts before the node does.</summary>
    public void Add(IServiceCollection services, IConfiguration configuration)
    {
        var options = new QuartzOptions();
        configuration.GetSection("Radar:Quartz").Bind(options);
        var node = configuration["Radar:Jobs:Node"] ?? new JobsOptions().Node;
        var database = new QuartzDatabase(JobsRegistration.DatabaseSetting(configuration), options.Connections);
        services.TryAddSingleton(_ => database);
        services.TryAddSingleton<QuartzHost>();
        services.TryAddSingleton<IEngineServer>(s => s.GetRequiredService<QuartzHost>());
        services.TryAddSingleton<QuartzEngine>();
        services.TryAddSingleton<IJobEngine>(s => s.GetRequiredService<QuartzEngine>());
        // How a task ended is ours to tell; Quartz would tell it again with a stack trace.
        services.AddLogging(log => log.AddFilter("Quartz", LogLevel.Warning).AddFilter("Quartz.Core.JobRunShell", LogLevel.None));
        services.AddQuartz(quartz =>
        {
            quartz.ConfigureScheduler(o =>
            {
                o.InstanceName = "radar";
                o.InstanceId = node;
                o.IdleWaitTime = options.IdleWait;
                o.ShutdownJobInterruption = ShutdownJobInterruption.WhenWaitingForJobs;
                o.DefaultTimeZone = TimeZoneInfo.Utc;
            });
            quartz.UseDefaultThreadPool(options.Control + options.Default + options.Batch);
            quartz.UseExecutionLimits(limits => limits
                .ForGroup(Queues.Control, options.Control, ExecutionLimitScope.Node)
                .ForGroup(Queues.Default, options.Default, ExecutionLimitScope.Node)
                .ForGroup(Queues.Batch, options.Batch, ExecutionLimitScope.Node));
            quartz.UsePersistentStore(store =>
            {
                store.UsePostgres(NpgsqlFactory.Instance, database.ConnectionString);
                store.UseSystemTextJsonSerializer();
                store.ProvisionSchema();
                store.UseClustering(c =>
                {
                    c.CheckinInterval = options.CheckIn;
                    c.CheckinMisfireThreshold = options.CheckInLate;
                });
                store.ConfigureStore(o =>
                {
                    o.TablePrefix = "quartz.qrtz_";
                    o.CommandTimeout = TimeSpan.FromSeconds(15);
                    o.DbRetryInterval = TimeSpan.FromSeconds(1);
                    o.StoreJobDataAsStrings = true;
                    o.RecoverFiringsCancelledByShutdown = true;
                    o.AcceptEnlistedTransactions = true;
                });
            });
        });
    }

    /// <summary>It has none.</summary>
    public void MapPages(IEndpointRouteBuilder endpoints, string policy)
    {
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> AuditAsync(NpgsqlDataSource database, CancellationToken cancellationToken) =>
        new QuartzAudit(database).FindAsync(cancellationToken);
}
