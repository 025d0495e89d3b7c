using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Radar.Jobs.Hosting;
using Radar.Jobs.Quartz;

namespace Radar.Jobs.TestNode;

/// <summary>What a node of the tests consists of.</summary>
public static class NodeServices
{
    public static void Add(IServiceCollection services, IConfiguration configuration)
    {
        services.AddLogging(log => log.AddSimpleConsole(o => o.SingleLine = true).SetMinimumLevel(LogLevel.Information));
        switch (configuration["Radar:Engine"] ?? "Quartz")
        {
            case "Quartz":
                services.AddQuartzEngine(configuration);
                break;
            case var other:
                throw new InvalidOperationException($"There is no engine '{other}'.");
        }

        services.AddWorkflow<Chain>().AddWorkflow<Spread>().AddWorkflow<Flaky>().AddWorkflow<Gated>().AddWorkflow<Burst>().AddWorkflow<Deaf>();
        services.AddRadarJobsNode(configuration);
    }
}
