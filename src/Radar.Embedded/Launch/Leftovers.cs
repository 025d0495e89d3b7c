namespace Radar.Embedded.Launch;

/// <summary>Processes of a system whose launcher died. They stop by themselves; this waits for it, and helps when it takes too long.</summary>
internal static class Leftovers
{
    /// <summary>Returns when none is left, workers included.</summary>
    /// <exception cref="EmbeddedException">One of them may not be ended by us.</exception>
    public static async Task WaitAsync(StateFolder state, TimeSpan patience, TimeProvider time, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (Find(state) is { Count: > 0 } processes)
        {
            if (time.GetElapsedTime(started) > patience)
            {
                foreach (var process in processes.Where(process => process.IsAlive && !Signals.Kill(process.Pid)))
                {
                    throw new EmbeddedException($"Process {process.Pid} of the system in {state.Path} is another user's and does not end: run ./radar down as that user.");
                }
            }
            await Task.Delay(TimeSpan.FromMilliseconds(100), time, cancellationToken);
        }
    }

    /// <summary>Every process that was started under a launcher of this state folder: each carries the lock's path in its environment.</summary>
    public static IReadOnlyList<ProcessIdentity> Find(StateFolder state)
    {
        var mark = $"{Lifeline.Variable}={state.Lock}";
        return
        [
            .. Directory.EnumerateDirectories("/proc")
                .Select(folder => int.TryParse(Path.GetFileName(folder), out var pid) ? pid : 0)
                .Where(pid => pid > 0 && pid != Environment.ProcessId && Environ(pid).Contains(mark, StringComparer.Ordinal))
                .Select(pid => ProcessIdentity.Find(pid)).OfType<ProcessIdentity>(),
        ];
    }

    private static string[] Environ(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/environ").Split('\0');
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return []; // It ended while we looked, or is another user's.
        }
    }
}
