namespace Radar.Embedded.ClickHouse;

/// <summary>What a statement gave.</summary>
internal sealed class StatementResult : IDisposable
{
    /// <summary>A result, maybe empty, in a format.</summary>
    public StatementResult(ChdbResult rows, string format)
    {
        Rows = rows;
        Format = format;
        Progress = rows.Progress;
    }

    /// <summary>That of an insert.</summary>
    public StatementResult(StatementProgress progress) => Progress = progress;

    /// <summary>Bytes of the result; null for an insert.</summary>
    public ChdbResult? Rows { get; }

    /// <summary>Their format.</summary>
    public string? Format { get; }

    /// <summary>What it cost.</summary>
    public StatementProgress Progress { get; }

    /// <inheritdoc/>
    public void Dispose() => Rows?.Dispose();
}
