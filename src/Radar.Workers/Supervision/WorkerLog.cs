using System.Text;

namespace Radar.Workers.Supervision;

/// <summary>
/// A worker's log file, appended to by the worker's own standard output. Rotation copies and truncates, since the process keeps the file open;
/// appending writers go on at the new end.
/// </summary>
internal sealed class WorkerLog(string path, int maxBytes, int kept)
{
    public string Path => path;

    /// <summary>Moves the log aside if it has grown too large.</summary>
    public void Rotate()
    {
        if (!File.Exists(path) || new FileInfo(path).Length < maxBytes)
        {
            return;
        }
        for (var i = kept - 1; i >= 1; i--)
        {
            if (File.Exists($"{path}.{i}"))
            {
                File.Move($"{path}.{i}", $"{path}.{i + 1}", overwrite: true);
            }
        }
        File.Copy(path, path + ".1", overwrite: true);
        using var log = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        log.SetLength(0);
    }

    /// <summary>How long it is now.</summary>
    public long Length => File.Exists(path) ? new FileInfo(path).Length : 0;

    /// <summary>The last lines, oldest first; empty when there is no log.</summary>
    /// <param name="lines">How many.</param>
    /// <param name="since">Only what was written beyond this length; all of a log that was rotated meanwhile.</param>
    public string Tail(int lines, long since = 0)
    {
        if (!File.Exists(path))
        {
            return "";
        }
        using var log = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        log.Seek(-Math.Min(since <= log.Length ? log.Length - since : log.Length, 8_192), SeekOrigin.End);
        using var reader = new StreamReader(log, Encoding.UTF8);
        return string.Join('\n', reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).TakeLast(lines));
    }
}
