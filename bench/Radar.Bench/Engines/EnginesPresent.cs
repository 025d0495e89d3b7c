using Radar.Jobs.Quartz;

namespace Radar.Bench.Engines;

/// <summary>The engines of this build, bare and under Radar.</summary>
internal static class EnginesPresent
{
    public static IReadOnlyList<string> All { get; } = ["Quartz"];

    public static void Add(string engine, IServiceCollection services, IConfiguration configuration) => services.AddQuartzEngine(configuration);

    public static IContender Bare(string engine, string database, string node) => new BareQuartz(database, node);
}
