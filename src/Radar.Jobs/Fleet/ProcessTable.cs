using System.Globalization;

namespace Radar.Jobs.Fleet;

/// <summary>A worker's process as found in <c>/proc</c>.</summary>
/// <param name="Identity">The process.</param>
/// <param name="Worker">Its <c>--worker</c>.</param>
/// <param name="Agent">Its <c>--agent</c>: who started it.</param>
public sealed record WorkerProcess(ProcessIdentity Identity, WorkerId Worker, string Agent);

/// <summary>The worker processes of this machine, told from others' by their arguments <c>--worker</c>, <c>--agent</c> and <c>--fleet</c>.</summary>
public static class ProcessTable
{
    /// <summary>Every worker process of one fleet.</summary>
    /// <param name="fleet">From <see cref="FleetKey"/>: several systems live side by side on a machine.</param>
    public static IReadOnlyList<WorkerProcess> Find(string fleet)
    {
        var found = new List<WorkerProcess>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
                && Arguments(folder) is { Length: > 4 } arguments
                && Value(arguments, "--fleet") == fleet
                && Value(arguments, "--worker") is { } worker
                && Value(arguments, "--agent") is { } agent
                && ProcessIdentity.Find(pid) is { } identity)
            {
                found.Add(new WorkerProcess(identity, new WorkerId(worker), agent));
            }
        }
        return found;
    }

    private static string[]? Arguments(string folder)
    {
        try
        {
            return File.ReadAllText(Path.Combine(folder, "cmdline")).Split('\0');
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string? Value(string[] arguments, string name)
    {
        var at = Array.IndexOf(arguments, name);
        return at >= 0 && at + 1 < arguments.Length ? arguments[at + 1] : null;
    }
}
