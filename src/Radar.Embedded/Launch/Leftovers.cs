namespace Radar.Embedded.Launch;

/// <summary>Processes of a system whose launcher died. They stop by themselves; this waits for it, and helps when it takes too long.</summary>
internal static class Leftovers
{
    /// <summary>Returns when none is left.</summary>
    public static async Task WaitAsync(SystemState? system, TimeSpan patience, TimeProvider time, CancellationToken cancellationToken)
    {
        var processes = (system?.Services ?? []).Select(service => ProcessIdentity.Parse(service.Process)).OfType<ProcessIdentity>().ToList();
        var started = time.GetTimestamp();
        while (processes.Any(process => process.IsAlive))
        {
            if (time.GetElapsedTime(started) > patience)
            {
                foreach (var process in processes.Where(process => process.IsAlive))
                {
                    Signals.Kill(process.Pid);
                }
            }
            await Task.Delay(TimeSpan.FromMilliseconds(100), time, cancellationToken);
        }
    }
}
