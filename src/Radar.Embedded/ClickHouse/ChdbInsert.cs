using System.Runtime.InteropServices;

namespace Radar.Embedded.ClickHouse;

/// <summary>
/// An insert whose rows arrive in pieces. Rows are never put into the statement's own text: the engine ends such rows at the first
/// empty line or semicolon it believes to see, and binary rows are cut there without an error.
/// </summary>
internal sealed unsafe class ChdbInsert : IDisposable
{
    private readonly nint _handle;
    private bool _finished;

    private ChdbInsert(nint handle) => _handle = handle;

    /// <summary>Takes over a handle.</summary>
    /// <exception cref="ChdbException">The statement was refused: no such table, column or format.</exception>
    public static ChdbInsert Take(nint handle)
    {
        if (handle == 0 || Error(handle) is { } message && Refuse(handle, message))
        {
            throw new ChdbException("The engine began no insert.");
        }
        return new ChdbInsert(handle);
    }

    /// <summary>Hands over the next bytes; waits while the engine is busy with earlier ones.</summary>
    /// <returns>False when the insert has failed: <see cref="Finish"/> tells why.</returns>
    public bool Append(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* data = bytes)
        {
            return ChdbLibrary.Append(_handle, data, (nuint)bytes.Length) == 0;
        }
    }

    /// <summary>Stores what was handed over.</summary>
    /// <exception cref="ChdbException">The rows were refused.</exception>
    public StatementProgress Finish()
    {
        _finished = true;
        using var result = ChdbResult.Take(ChdbLibrary.FinishInsert(_handle));
        return result.Progress;
    }

    /// <summary>Ends it; without <see cref="Finish"/> what is not yet in a block of its own is thrown away.</summary>
    public void Dispose()
    {
        if (!_finished)
        {
            ChdbLibrary.CancelInsert(_handle);
        }
        ChdbLibrary.DestroyInsert(_handle);
    }

    private static string? Error(nint handle) => Marshal.PtrToStringUTF8(ChdbLibrary.InsertError(handle));

    private static bool Refuse(nint handle, string message)
    {
        ChdbLibrary.DestroyInsert(handle);
        throw new ChdbException(message);
    }
}
