using System.Runtime.InteropServices;

namespace Radar.Embedded.Launch;

/// <summary>Signals to processes of ours, by pid. Each returns false when the process is another user's and was not reached.</summary>
internal static partial class Signals
{
    private const int NotPermitted = 1;

    public static bool Interrupt(int pid) => Send(pid, 2);

    public static bool Terminate(int pid) => Send(pid, 15);

    public static bool Kill(int pid) => Send(pid, 9);

    // Leaves the terminal's process group, so that its Ctrl-C does not reach us.
    public static void OwnSession() => _ = NewSession();

    // 0 would be our own process group, -1 everybody, 1 the whole machine: a pid that is not known is no process.
    private static bool Send(int pid, int signal)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(pid, 1);
        return NativeKill(pid, signal) == 0 || Marshal.GetLastPInvokeError() != NotPermitted; // One that has ended is as good as reached.
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int NativeKill(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "setsid")]
    private static partial int NewSession();
}
