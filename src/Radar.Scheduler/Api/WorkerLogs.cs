using Radar.Jobs.Fleet;

namespace Radar.Scheduler.Api;

/// <summary>The log files of workers.</summary>
internal static class WorkerLogs
{
    private const int TailBytes = 512 * 1024;

    /// <summary>Where a worker's log is.</summary>
    public static string Path(string directory, WorkerId worker) => System.IO.Path.Combine(directory, "workers", worker.FileName + ".log");

    /// <summary>Its last lines; none when it has none yet.</summary>
    public static async Task<IReadOnlyList<string>> TailAsync(string path, int lines, CancellationToken cancellationToken)
    {
        if (!File.Exists(path))
        {
            return [];
        }
        await using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        stream.Position = Math.Max(0, stream.Length - TailBytes);
        using var reader = new StreamReader(stream);
        var all = (await reader.ReadToEndAsync(cancellationToken)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return [.. all.TakeLast(lines)];
    }
}
