namespace Radar.Embedded.Processes;

/// <summary>A log that another process appends to: bounded, and read from a place on.</summary>
internal static class LogFile
{
    /// <summary>Most bytes of a log before it is moved aside; with the older part beside it, twice as much.</summary>
    public const long MostBytes = 20_000_000;

    private static readonly TimeSpan Look = TimeSpan.FromSeconds(10);

    /// <summary>How long it is.</summary>
    public static long Length(string log) => new FileInfo(log) is { Exists: true } file ? file.Length : 0;

    /// <summary>Keeps the older part in <c>LOG.1</c> once it has grown. The writer has the file open, so it is emptied rather than moved away.</summary>
    public static void Bound(string log, long mostBytes = MostBytes)
    {
        if (Length(log) > mostBytes)
        {
            File.Copy(log, log + ".1", overwrite: true);
            using var stream = new FileStream(log, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            stream.SetLength(0);
        }
    }

    /// <summary>Bounds it again and again until the token ends.</summary>
    public static async Task KeepBoundedAsync(string log, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await Task.Delay(Look, time, cancellationToken);
                TryBound(log);
            }
        }
        catch (OperationCanceledException)
        {
            // Whoever wrote it has ended.
        }
    }

    /// <summary>The last lines of what was written beyond a length; of all of it, when it was emptied meanwhile.</summary>
    public static string Tail(string log, long since, int lines)
    {
        if (!File.Exists(log))
        {
            return "";
        }
        using var stream = new FileStream(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        stream.Position = since <= stream.Length ? since : 0;
        using var reader = new StreamReader(stream);
        return string.Join('\n', reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).TakeLast(lines));
    }

    /// <summary>The same as Bound where a full disk is no reason to stop.</summary>
    public static void TryBound(string log)
    {
        try
        {
            Bound(log);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            BestEffort.Complain($"{log} could not be moved aside ({problem.Message}): it grows on for now.");
        }
    }
}
