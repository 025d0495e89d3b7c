using Radar.Embedded.Launch;

namespace Radar.Testing;

/// <summary>Signals to processes that a test started, by pid.</summary>
public static class ProcessSignals
{
    /// <summary>SIGKILL.</summary>
    public static void Kill(int pid) => Signals.Kill(pid);

    /// <summary>SIGTERM.</summary>
    public static void Terminate(int pid) => Signals.Terminate(pid);
}
