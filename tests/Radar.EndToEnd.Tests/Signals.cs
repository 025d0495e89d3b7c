using System.Runtime.InteropServices;

namespace Radar.EndToEnd.Tests;

/// <summary>Signals to processes of the system under test, by pid.</summary>
internal static partial class Signals
{
    public static void Kill(int pid) => Send(pid, 9);

    public static void Stop(int pid) => Send(pid, 19);

    public static void Continue(int pid) => Send(pid, 18);

    /// <summary>Whether the process exists and is not a zombie.</summary>
    public static bool IsAlive(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..][0] is not ('Z' or 'X');
        }
        catch (IOException)
        {
            return false;
        }
    }

    // A pid that has just gone is no error here: what matters is that it is gone.
    private static void Send(int pid, int signal) => _ = NativeKill(pid, signal);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int NativeKill(int pid, int signal);
}
