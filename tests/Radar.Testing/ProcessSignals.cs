using Radar.Embedded.Launch;

namespace Radar.Testing;

/// <summary>Signals to processes that a test started, by pid.</summary>
public static class ProcessSignals
{
    /// <summary>
    /// Whether a process lives whose command line or environment has this text. Numbers of processes are used again: one that was read a while ago may be
    /// anybody's.
    /// </summary>
    public static bool Names(int pid, string text)
    {
        try
        {
            return pid > 0 && (File.ReadAllText($"/proc/{pid}/cmdline").Contains(text, StringComparison.Ordinal)
                || File.ReadAllText($"/proc/{pid}/environ").Contains(text, StringComparison.Ordinal));
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>SIGKILL.</summary>
    public static void Kill(int pid) => Signals.Kill(pid);

    /// <summary>SIGTERM.</summary>
    public static void Terminate(int pid) => Signals.Terminate(pid);
}
