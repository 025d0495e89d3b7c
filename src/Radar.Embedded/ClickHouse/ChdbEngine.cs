using System.Runtime.InteropServices;
using System.Text;

namespace Radar.Embedded.ClickHouse;

/// <summary>
/// ClickHouse's engine in this process, on one data folder. It can be started once in the life of a process, and a process that ends
/// with it in the ordinary way may crash on its way out: end it with <see cref="ProcessEnd"/>. What an insert was acknowledged for is on
/// its way to disk by then, so nothing is lost.
/// </summary>
internal sealed unsafe partial class ChdbEngine : IDisposable
{
    private readonly string _folder;
    private readonly ChdbSession _first;

    private ChdbEngine(string folder, ChdbSession first)
    {
        _folder = folder;
        _first = first; // The engine stops when its last session does.
        var facts = Read("SELECT version(), timezone()").Split('\t', '\n');
        (Version, TimeZone) = (facts[0], facts[1]);
    }

    /// <summary>ClickHouse's version.</summary>
    public string Version { get; }

    /// <summary>In which times are shown and read.</summary>
    public string TimeZone { get; }

    /// <summary>Starts it.</summary>
    /// <param name="folder">Where tables lie.</param>
    /// <exception cref="EmbeddedException">The library is not there, or the folder is in use or damaged.</exception>
    public static ChdbEngine Start(string folder)
    {
        if (!File.Exists(ChdbLibrary.File))
        {
            throw new EmbeddedException($"ClickHouse's engine is not at {ChdbLibrary.File}: run eng/restore (./radar up does it).");
        }
        Directory.CreateDirectory(folder);
        _ = SetVariable("TZ", "UTC", 1); // Read once, by the library itself: servers of the originals show times in UTC.
        var handlers = SignalHandlers.Remember();
        nint* connection;
        try
        {
            connection = Connect(folder);
        }
        finally
        {
            handlers.Restore();
        }
        return connection is null
            ? throw new EmbeddedException($"ClickHouse's engine did not start on {folder}: its reason is above. Does another process use the folder?")
            : new ChdbEngine(folder, new ChdbSession(connection));
    }

    /// <summary>A session of one's own.</summary>
    /// <exception cref="ChdbException">The engine gave none.</exception>
    public ChdbSession Open()
    {
        var connection = Connect(_folder);
        return connection is null ? throw new ChdbException("The engine opened no session.") : new ChdbSession(connection);
    }

    /// <inheritdoc/>
    public void Dispose() => _first.Dispose();

    // The engine reads what is its own from the first of them, and settings of the session from each.
    private static nint* Connect(string folder)
    {
        string[] line =
        [
            "clickhouse", "--path=" + folder,
            "--log-level=error", "--logger.log=" + Path.Combine(folder, "engine.log"), "--logger.size=10M", "--logger.count=1",
            // A neighbour on a small machine, rather than its only service.
            "--max_server_memory_usage_to_ram_ratio=0.5", "--mark_cache_size=268435456",
            // The library takes any word for a query of that column; servers do not.
            "--implicit_select=0",
        ];
        using var arguments = new NativeTexts(line);
        return ChdbLibrary.Connect(line.Length, arguments.Pointers);
    }

    private string Read(string query)
    {
        using var result = _first.Query(Encoding.UTF8.GetBytes(query), "TabSeparated");
        return result.Text();
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrite);
}
