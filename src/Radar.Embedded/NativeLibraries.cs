using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Radar.Embedded;

/// <summary>Where the native libraries are that this program calls: an assembly can have only one resolver for all of them.</summary>
internal static class NativeLibraries
{
    private static readonly ConcurrentDictionary<string, Func<Assembly, DllImportSearchPath?, nint>> Loaders = new(StringComparer.Ordinal);

    static NativeLibraries() => NativeLibrary.SetDllImportResolver(
        typeof(NativeLibraries).Assembly,
        // 0: the runtime's own search, and its message.
        (name, assembly, searchPath) => Loaders.TryGetValue(name, out var load) ? load(assembly, searchPath) : 0);

    /// <summary>Says how a library is loaded, before its first call.</summary>
    public static void Add(string name, Func<Assembly, DllImportSearchPath?, nint> load) => Loaders[name] = load;
}
