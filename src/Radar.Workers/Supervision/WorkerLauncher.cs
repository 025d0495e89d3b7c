using System.Diagnostics;
using Radar.Jobs.Fleet;

namespace Radar.Workers.Supervision;

/// <summary>Starts worker processes in sessions of their own, so that they outlive the agent, with their output appended to a file.</summary>
internal sealed class WorkerLauncher(string agent, string fleet, Action ended)
{
    // Without these a process takes a share of a large machine's cache and cores for its heaps, times seven.
    private static readonly (string Variable, string Value)[] SmallProcess =
    [
        ("DOTNET_GCgen0size", "0x400000"),
        ("MALLOC_ARENA_MAX", "2"),
    ];

    private static readonly TimeSpan Reaped = TimeSpan.FromSeconds(5); // Long only on a machine that has no time for us.

    private readonly Dictionary<int, Process> _children = [];

    /// <summary>Starts a worker.</summary>
    public ProcessIdentity? Launch(WorkerSnapshot worker, string log)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(log)!);
        // The shell becomes setsid, which becomes the worker: the pid stays the one that we start.
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add("exec setsid \"$@\" </dev/null >>\"$0\" 2>&1");
        start.ArgumentList.Add(Path.GetFullPath(log));
        foreach (var part in Command())
        {
            start.ArgumentList.Add(part);
        }
        foreach (var part in (string[])[worker.Kind, "--worker", worker.Id.Value, "--agent", agent, "--fleet", fleet])
        {
            start.ArgumentList.Add(part);
        }
        foreach (var (variable, value) in SmallProcess)
        {
            start.Environment.TryAdd(variable, value); // Whoever set it himself knows better.
        }
        foreach (var (key, value) in worker.Settings)
        {
            start.Environment[key.Replace(":", "__", StringComparison.Ordinal).ToUpperInvariant()] = value;
        }
        var child = Process.Start(start)!;
        child.EnableRaisingEvents = true;
        child.Exited += (_, _) => ended();
        Forget();
        _children[child.Id] = child;
        return ProcessIdentity.Find(child.Id);
    }

    /// <summary>Exit code of a child that is gone, 128 and the signal's number where one ended it; null when it was not ours.</summary>
    public int? ExitCode(int? pid) =>
        pid is { } id && _children.TryGetValue(id, out var child) && child.WaitForExit(Reaped) // /proc tells a little before the runtime does.
            ? child.ExitCode
            : null;

    // Those that ended long ago.
    private void Forget()
    {
        foreach (var (pid, child) in _children.Where(c => c.Value.HasExited).SkipLast(16).ToList())
        {
            _children.Remove(pid);
            child.Dispose();
        }
    }

    private static string[] Command()
    {
        var own = Environment.ProcessPath!;
        return Path.GetFileNameWithoutExtension(own) == "dotnet"
            ? [own, typeof(WorkerLauncher).Assembly.Location]
            : [own];
    }
}
