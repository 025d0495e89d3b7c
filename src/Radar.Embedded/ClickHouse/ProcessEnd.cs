using System.Runtime.InteropServices;

namespace Radar.Embedded.ClickHouse;

/// <summary>Ends the process without its last rites, in which an engine with MergeTree tables crashes.</summary>
internal static partial class ProcessEnd
{
    /// <summary>Ends it now.</summary>
    public static void Now(int exitCode)
    {
        Console.Out.Flush();
        Console.Error.Flush();
        EndNow(exitCode);
    }

    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void EndNow(int exitCode);
}
