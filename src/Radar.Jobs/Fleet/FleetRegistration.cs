using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Radar.Jobs.Fleet;

/// <summary>Registers the fleet.</summary>
public static class FleetRegistration
{
    /// <summary>Adds <see cref="IFleet"/>, <see cref="FleetListener"/> and <see cref="FleetAudit"/>; an <c>NpgsqlDataSource</c> must be registered.</summary>
    public static IServiceCollection AddFleet(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<FleetListener>();
        services.TryAddSingleton<IFleet, PostgresFleet>();
        services.TryAddSingleton<FleetAudit>();
        return services;
    }

    /// <summary>The fleet for a process without a container.</summary>
    public static IFleet Create(Npgsql.NpgsqlDataSource database, FleetListener listener, TimeProvider time) => new PostgresFleet(database, listener, time);
}
