using System.Runtime.InteropServices;

namespace Radar.Embedded.ClickHouse;

/// <summary>What a statement gave: bytes in the asked format, in the engine's memory until disposed.</summary>
internal sealed unsafe class ChdbResult : IDisposable
{
    private nint _handle;

    private ChdbResult(nint handle)
    {
        _handle = handle;
        Length = (long)ChdbLibrary.Length(handle);
        Progress = new StatementProgress(
            ChdbLibrary.RowsRead(handle),
            ChdbLibrary.BytesRead(handle),
            ChdbLibrary.RowsWritten(handle),
            ChdbLibrary.BytesWritten(handle),
            ChdbLibrary.RowsOfResult(handle),
            ChdbLibrary.BytesOfResult(handle),
            TimeSpan.FromSeconds(ChdbLibrary.Elapsed(handle)));
    }

    /// <summary>Bytes of it.</summary>
    public long Length { get; }

    /// <summary>What it cost.</summary>
    public StatementProgress Progress { get; }

    /// <summary>Takes over a handle.</summary>
    /// <exception cref="ChdbException">It holds an error.</exception>
    public static ChdbResult Take(nint handle)
    {
        if (handle != 0 && ChdbLibrary.Error(handle) == 0)
        {
            return new ChdbResult(handle);
        }
        var message = handle == 0 ? null : Marshal.PtrToStringUTF8(ChdbLibrary.Error(handle));
        ChdbLibrary.DestroyResult(handle);
        throw new ChdbException(message ?? "The engine gave no result.");
    }

    /// <summary>Its bytes, readable until this is disposed.</summary>
    public Stream Open() => Length == 0 ? Stream.Null : new UnmanagedMemoryStream(ChdbLibrary.Buffer(_handle), Length);

    /// <summary>Its bytes as text.</summary>
    public string Text() => Length == 0 ? "" : Marshal.PtrToStringUTF8((nint)ChdbLibrary.Buffer(_handle), (int)Length);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_handle != 0)
        {
            ChdbLibrary.DestroyResult(_handle);
            _handle = 0;
        }
    }
}
