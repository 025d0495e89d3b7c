namespace Radar.Market.Candles;

/// <summary>The end of a CSV file, which a crash may have left in the middle of a line.</summary>
internal static class CsvTail
{
    /// <summary>The file's length; -1 when there is none.</summary>
    public static long Length(string path)
    {
        var file = new FileInfo(path);
        return file.Exists ? file.Length : -1;
    }

    /// <summary>Bytes up to and with the last line feed.</summary>
    public static long WholeLines(string path)
    {
        if (!File.Exists(path))
        {
            return 0;
        }
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var buffer = new byte[4096];
        for (var end = RandomAccess.GetLength(file); end > 0;)
        {
            var from = Math.Max(0, end - buffer.Length);
            var read = RandomAccess.Read(file, buffer.AsSpan(0, (int)(end - from)), from);
            var feed = buffer.AsSpan(0, read).LastIndexOf((byte)'\n');
            if (feed >= 0)
            {
                return from + feed + 1;
            }
            end = from;
        }
        return 0;
    }

    /// <summary>Cuts off what follows the last whole line, and returns the length.</summary>
    public static long Repair(string path, long wholeLines)
    {
        if (Length(path) != wholeLines)
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
            RandomAccess.SetLength(file, wholeLines);
        }
        return wholeLines;
    }
}
