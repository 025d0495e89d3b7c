using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Radar.Jobs.Engine;
using Radar.Jobs.Fleet;
using Radar.Jobs.FleetWorkflows;
using Radar.Jobs.Runs;
using Radar.Jobs.Schema;
using Radar.Jobs.Workflows;
using Radar.Market.Storage;

namespace Radar.Jobs.Hosting;

/// <summary>Registers the work.</summary>
public static class JobsRegistration
{
    /// <summary>
    /// For pages, API and command line: <see cref="IWorkflows"/>, <see cref="IRuns"/>, <see cref="Migrator"/>. Needs an engine
    /// (<see cref="EnginePackages"/>) and, unless the host brings its own NpgsqlDataSource, <c>Radar:Database</c>.
    /// </summary>
    public static IServiceCollection AddRadarJobs(this IServiceCollection services, IConfiguration configuration)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(_ => RadarDatabase.Create(DatabaseSetting(configuration), "scheduler", 20, prepares: true));
        services.TryAddSingleton(_ => Options(configuration));
        services.TryAddSingleton<Migrator>();
        services.TryAddSingleton<WorkflowCatalog>();
        services.TryAddSingleton<RunStarter>();
        services.TryAddSingleton<IWorkflows>(s => s.GetRequiredService<RunStarter>());
        services.TryAddSingleton<IRuns, RunReader>();
        services.TryAddSingleton<RunSignals>();
        services.TryAddSingleton<NodeState>();
        services.AddFleet();
        services.TryAddSingleton(_ => FleetWorkflowOptions.From(configuration));
        services.TryAddSingleton(_ => CaptureOptions.From(configuration));
        services.TryAddSingleton<CaptureCrew>();
        services.AddWorkflow<StartFleet>();
        services.AddWorkflow<KillFleet>();
        return services;
    }

    /// <summary>For a process that also runs tasks: everything of <see cref="AddRadarJobs"/>, and the node.</summary>
    public static IServiceCollection AddRadarJobsNode(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddRadarJobs(configuration);
        services.TryAddSingleton(configuration);
        services.TryAddSingleton<TaskClaims>();
        services.TryAddSingleton<TaskLogs>();
        services.TryAddSingleton<LeaseKeeper>();
        services.TryAddSingleton<Sweeper>();
        services.TryAddSingleton<IEngineWork, TaskRunner>();
        services.TryAddSingleton<IEngineSteering, TaskSteering>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, JobsNode>());
        return services;
    }

    /// <summary>Adds a workflow.</summary>
    public static IServiceCollection AddWorkflow<TSource>(this IServiceCollection services)
        where TSource : class, IWorkflowSource
    {
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IWorkflowSource, TSource>());
        return services;
    }

    /// <summary><c>Radar:Database</c>, or <c>DATABASE_URL</c>.</summary>
    /// <exception cref="InvalidOperationException">Neither is set.</exception>
    public static string DatabaseSetting(IConfiguration configuration) =>
        configuration["Radar:Database"] ?? configuration["DATABASE_URL"] ?? throw new InvalidOperationException(
            "Radar:Database is not set. Give a connection, e.g. RADAR__DATABASE='Host=127.0.0.1;Port=5432;Username=radar;Password=...;Database=radar'.");

    private static JobsOptions Options(IConfiguration configuration)
    {
        var options = new JobsOptions();
        configuration.GetSection("Radar:Jobs").Bind(options);
        return options;
    }
}
