using System.Runtime.InteropServices;

namespace Radar.Embedded.Launch;

/// <summary>Signals to processes of ours, by pid.</summary>
internal static partial class Signals
{
    public static void Interrupt(int pid) => _ = Send(pid, 2);

    public static void Terminate(int pid) => _ = Send(pid, 15);

    public static void Kill(int pid) => _ = Send(pid, 9);

    // Leaves the terminal's process group, so that its Ctrl-C does not reach us.
    public static void OwnSession() => _ = NewSession();

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Send(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "setsid")]
    private static partial int NewSession();
}
