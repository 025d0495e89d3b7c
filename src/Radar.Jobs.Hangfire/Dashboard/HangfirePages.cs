using global::Hangfire;
using Microsoft.AspNetCore.Routing;
using Radar.Jobs.Engine;

namespace Radar.Jobs.Hangfire.Dashboard;

/// <summary>Hangfire's own pages, below <c>/hangfire</c>.</summary>
public static class HangfirePages
{
    /// <summary>Where they are.</summary>
    public static EngineDashboard Pages { get; } = new("Hangfire", "/hangfire", "/hangfire/jobs/details/");

    /// <summary>
    /// Maps the pages for those whom the policy lets in. Never without one: what Hangfire does by itself is to let any request of this
    /// machine in with full rights.
    /// </summary>
    /// <param name="endpoints">The scheduler's endpoints.</param>
    /// <param name="policy">Name of an authorization policy.</param>
    public static void MapHangfirePages(this IEndpointRouteBuilder endpoints, string policy) =>
        endpoints.MapHangfireDashboardWithAuthorizationPolicy(policy, Pages.Path, new DashboardOptions
        {
            DashboardTitle = "Radar jobs",
            AppPath = "/",
            DisplayStorageConnectionString = false, // It has a password.
            StatsPollingInterval = 2000,
        });
}
