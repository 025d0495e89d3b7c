using System.Runtime.InteropServices;

namespace Radar.Workers.Supervision;

/// <summary>Signals to processes that are certainly the ones meant.</summary>
internal static partial class Signals
{
    public static void Terminate(ProcessIdentity process) => Send(process, 15);

    public static void Kill(ProcessIdentity process) => Send(process, 9);

    private static void Send(ProcessIdentity process, int signal)
    {
        if (process.IsAlive)
        {
            _ = NativeKill(process.Pid, signal); // One that ended in between is what we wanted.
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int NativeKill(int pid, int signal);
}
