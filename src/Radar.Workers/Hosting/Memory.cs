using System.Runtime.InteropServices;

namespace Radar.Workers.Hosting;

/// <summary>Gives memory back that a burst of work took. A fleet is many small processes, and most of the time they wait.</summary>
internal static partial class Memory
{
    /// <summary>Compacts the heap and returns what is free, ours and the C library's. Takes some 20 ms: call it when there is nothing to do.</summary>
    public static void GiveBack()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        try
        {
            _ = TrimMalloc(0);
        }
        catch (EntryPointNotFoundException)
        {
            // Another C library than glibc.
        }
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int TrimMalloc(nuint keep);
}
