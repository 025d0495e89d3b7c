using System.Reflection;

namespace Radar.Jobs.Engine;

/// <summary>The engines of this build. A project whose packages could not be restored is empty, or not there at all.</summary>
public static class EnginePackages
{
    /// <summary>Those that Radar knows, the preferred one first, and what a build without them lacks.</summary>
    private static readonly (string Name, string Lacks)[] Known =
    [
        ("Hangfire", "Its packages (Hangfire.AspNetCore, Hangfire.PostgreSql) were not on the NuGet feed: with them jobs run on Hangfire, with its dashboard at /hangfire."),
        ("Quartz", "Its package (Quartz) was not on the NuGet feed."),
    ];

    /// <summary>What this build has, the preferred one first.</summary>
    public static IReadOnlyList<IEnginePackage> Present { get; } = [.. Known.Select(k => Find(k.Name)).OfType<IEnginePackage>()];

    /// <summary>A sentence for each engine that this build lacks.</summary>
    public static IReadOnlyList<string> Missing { get; } =
        [.. Known.Where(k => Present.All(p => p.Name != k.Name)).Select(k => $"This build has no {k.Name}. {k.Lacks} To try again: eng/restore --probe")];

    /// <summary>Chooses the engine of a process: the one that was asked for, else the one the database belongs to, else the preferred one.</summary>
    /// <param name="asked">Setting <c>Radar:Engine</c>; null or empty: not set.</param>
    /// <param name="recorded">The engine that the database is written down for; null: none yet.</param>
    /// <exception cref="OtherEngineException">This build does not have it. The message says what to do.</exception>
    public static IEnginePackage Choose(string? asked, string? recorded)
    {
        var name = string.IsNullOrEmpty(asked) ? recorded ?? Present[0].Name : asked;
        if (Present.FirstOrDefault(p => p.Name == name) is { } found)
        {
            return found;
        }

        var has = string.Join(" or ", Present.Select(p => p.Name));
        throw new OtherEngineException(string.IsNullOrEmpty(asked)
            ? $"This database's jobs are in {name}, which this build does not have: it has {has}. Make its packages available and run eng/restore --probe; or, to " +
              $"switch, stop all schedulers and start one with Radar:Engine={Present[0].Name} and Radar:SwitchEngine=true: queued tasks are then put into {Present[0].Name}."
            : $"Radar:Engine is '{asked}', which this build does not have: use {has}, or leave it out. {Missing.FirstOrDefault(m => m.Contains(name, StringComparison.OrdinalIgnoreCase))}".TrimEnd());
    }

    private static IEnginePackage? Find(string name)
    {
        try
        {
            return Assembly.Load($"Radar.Jobs.{name}").GetExportedTypes()
                .Where(t => typeof(IEnginePackage).IsAssignableFrom(t)).Select(t => (IEnginePackage)Activator.CreateInstance(t)!).SingleOrDefault();
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }
}
