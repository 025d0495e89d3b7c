using global::Hangfire;
using global::Hangfire.Common;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Npgsql;
using Radar.Jobs.Engine;
using Radar.Jobs.Hangfire.Dashboard;
using Radar.Jobs.Hosting;

namespace Radar.Jobs.Hangfire;

/// <summary>Hangfire as a job engine.</summary>
public sealed class HangfirePackage : IEnginePackage
{
    /// <inheritdoc/>
    public string Name => "Hangfire";

    /// <summary>Makes Hangfire the job engine, in schema <c>radar_hangfire</c> of <c>Radar:Database</c>. Nothing starts before the node does.</summary>
    public void Add(IServiceCollection services, IConfiguration configuration)
    {
        var options = new HangfireOptions();
        configuration.GetSection("Radar:Hangfire").Bind(options);
        options.Node = configuration["Radar:Jobs:Node"] ?? options.Node;
        options.ShutdownGrace = configuration.GetValue("Radar:Jobs:ShutdownGrace", options.ShutdownGrace);
        services.TryAddSingleton(options);
        services.TryAddSingleton(_ => new HangfireDatabase(JobsRegistration.DatabaseSetting(configuration), options.Connections));
        services.TryAddSingleton<HangfireWakeUp>();
        services.TryAddSingleton<HangfireStorage>();
        services.TryAddSingleton<HangfireHost>();
        services.TryAddSingleton<JobAborts>();
        services.TryAddSingleton<IEngineServer>(s => s.GetRequiredService<HangfireHost>());
        services.TryAddSingleton<IJobEngine, HangfireEngine>();
        services.TryAddSingleton(HangfirePages.Pages);
        services.AddLogging(log => log.AddFilter("Hangfire", LogLevel.Warning));
        // Known before Hangfire registers its own: one process may hold several nodes, and these are not to share what is static.
        services.TryAddSingleton<JobStorage>(s => s.GetRequiredService<HangfireStorage>().Open());
        services.TryAddSingleton<IGlobalConfiguration>(_ => GlobalConfiguration.Configuration);
        services.TryAddSingleton<IJobFilterProvider>(s => Filters(
            new TaskStates(new(s.GetRequiredService<IEngineSteering>), s.GetRequiredService<ILogger<TaskStates>>())));
        services.AddHangfire(_ => { });
        RunLink.UseOnce();
    }

    /// <inheritdoc/>
    public void MapPages(IEndpointRouteBuilder endpoints, string policy) => endpoints.MapHangfirePages(policy);

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> AuditAsync(NpgsqlDataSource database, CancellationToken cancellationToken) =>
        HangfireAudit.FindAsync(database, cancellationToken);

    // All that Hangfire brings except its retries, which are ours, and cultures, which are always the same.
    private static JobFilterProviderCollection Filters(TaskStates states)
    {
        var filters = new JobFilterCollection { { states, TaskStates.Order } };
        foreach (var filter in GlobalJobFilters.Filters.Where(f => f.Instance is not (AutomaticRetryAttribute or CaptureCultureAttribute)))
        {
            filters.Add(filter.Instance, filter.Order);
        }

        return new JobFilterProviderCollection(filters);
    }
}
