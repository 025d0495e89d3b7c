using Radar.Jobs.Engine;

namespace Radar.Bench.Engines;

/// <summary>The engines of this build, bare and under Radar.</summary>
internal static partial class EnginesPresent
{
    private static readonly Dictionary<string, Func<string, string, IContender>> Contenders = AllBare();

    public static IReadOnlyList<string> All { get; } = [.. EnginePackages.Present.Select(p => p.Name)];

    public static IContender Bare(string engine, string database, string node) => Contenders[engine](database, node);

    private static Dictionary<string, Func<string, string, IContender>> AllBare()
    {
        var contenders = new Dictionary<string, Func<string, string, IContender>> { ["Quartz"] = (database, node) => new BareQuartz(database, node) };
        AddHangfire(contenders);
        return contenders;
    }

    // There where Hangfire's packages are.
    static partial void AddHangfire(Dictionary<string, Func<string, string, IContender>> contenders);
}
