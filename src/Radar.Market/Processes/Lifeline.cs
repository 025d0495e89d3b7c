using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Radar.Market.Processes;

/// <summary>
/// Tells every process of a system that its launcher is gone, however it went. The launcher holds a lock on a file; the others wait for
/// that lock in a thread of their own, and get it from the kernel the moment the launcher ends. Unlike a pipe it survives restarts of
/// the processes in between, and unlike PDEATHSIG it does not fire when a thread ends.
/// </summary>
public sealed partial class Lifeline : IDisposable
{
    /// <summary>The environment variable with the lock file's path. Not set: nobody launched us, and nothing is watched.</summary>
    public const string Variable = "RADAR_LIFELINE";

    private const int Shared = 1;
    private const int Exclusive = 2;
    private const int DoNotBlock = 4;
    private readonly SafeFileHandle _file;

    private Lifeline(SafeFileHandle file) => _file = file;

    /// <summary>Takes the launcher's side, for as long as the result lives.</summary>
    /// <returns>Null when another launcher holds it.</returns>
    public static Lifeline? Hold(string path)
    {
        var file = Open(path);
        while (Lock(file, Exclusive | DoNotBlock) != 0)
        {
            // Processes of a launcher that has just died get the lock shared for a moment; only another launcher keeps that out.
            if (Lock(file, Shared | DoNotBlock) != 0)
            {
                file.Dispose();
                return null;
            }
            Thread.Yield();
        }
        return new Lifeline(file);
    }

    /// <summary>Whether a launcher holds the lock of <paramref name="path"/> now.</summary>
    public static bool IsHeld(string path)
    {
        if (!File.Exists(path))
        {
            return false;
        }
        using var file = Open(path);
        return Lock(file, Shared | DoNotBlock) != 0;
    }

    /// <summary>Calls <paramref name="onLost"/> once, on a thread of its own, when the launcher named by the environment is gone.</summary>
    public static void Watch(Action onLost)
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } path)
        {
            return;
        }
        var thread = new Thread(() =>
        {
            using (var file = Open(path))
            {
                while (Lock(file, Shared) != 0)
                {
                    // Interrupted by a signal: wait on.
                }
            }
            onLost();
        })
        {
            IsBackground = true,
            Name = "lifeline",
        };
        thread.Start();
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    // .NET locks every file that it opens for writing in this very way, so the file is opened without its help.
    private static SafeFileHandle Open(string path)
    {
        const int ReadWrite = 2, Create = 0x40, CloseOnExec = 0x80000;
        var descriptor = NativeOpen(path, ReadWrite | Create | CloseOnExec, 0x180); // Mode 0600.
        return descriptor >= 0
            ? new SafeFileHandle(descriptor, ownsHandle: true)
            : throw new IOException($"The lock file '{path}' cannot be opened: {Marshal.GetLastPInvokeErrorMessage()}.");
    }

    private static int Lock(SafeFileHandle file, int operation) => NativeLock(file, operation);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int NativeOpen(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int NativeLock(SafeFileHandle file, int operation);
}
