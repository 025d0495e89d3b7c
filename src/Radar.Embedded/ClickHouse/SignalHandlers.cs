using System.Runtime.InteropServices;

namespace Radar.Embedded.ClickHouse;

/// <summary>
/// The process's signal handlers as they were. The engine puts its own in their place when it starts, but .NET needs its own: that of
/// SIGSEGV makes an exception of a null reference, and those of SIGTERM and SIGINT are how we are told to stop.
/// </summary>
internal sealed unsafe partial class SignalHandlers
{
    private const int Signals = 31;
    private const int ActionBytes = 256; // More than struct sigaction has anywhere.
    private readonly byte[] _actions = new byte[(Signals + 1) * ActionBytes];

    private SignalHandlers()
    {
        fixed (byte* actions = _actions)
        {
            for (var signal = 1; signal <= Signals; signal++)
            {
                _ = Action(signal, null, actions + (signal * ActionBytes));
            }
        }
    }

    /// <summary>Remembers them.</summary>
    public static SignalHandlers Remember() => new();

    /// <summary>Puts them back.</summary>
    public void Restore()
    {
        fixed (byte* actions = _actions)
        {
            for (var signal = 1; signal <= Signals; signal++)
            {
                _ = Action(signal, actions + (signal * ActionBytes), null); // SIGKILL and SIGSTOP are refused, and stay as they are.
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "sigaction")]
    private static partial int Action(int signal, byte* action, byte* previous);
}
