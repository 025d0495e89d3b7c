using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Radar.Jobs.Engine;
using Radar.Jobs.Hosting;

namespace Radar.Jobs.TestNode;

/// <summary>What a node of the tests consists of.</summary>
public static class NodeServices
{
    public static void Add(IServiceCollection services, IConfiguration configuration)
    {
        services.AddLogging(log => log.AddSimpleConsole(o => o.SingleLine = true).SetMinimumLevel(LogLevel.Information)
            .AddFilter<ConsoleLoggerProvider>("Radar.Jobs.Runs", LogLevel.Warning)); // Two lines for each of thousands of tasks.
        EnginePackages.Choose(configuration["Radar:Engine"], null).Add(services, configuration);
        services.AddWorkflow<Chain>().AddWorkflow<Spread>().AddWorkflow<Flaky>().AddWorkflow<Gated>().AddWorkflow<Burst>().AddWorkflow<Deaf>()
            .AddWorkflow<Forked>().AddWorkflow<Odd>();
        services.AddRadarJobsNode(configuration);
    }
}
