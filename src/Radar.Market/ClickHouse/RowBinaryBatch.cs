using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Radar.Market.ClickHouse;

/// <summary>
/// Rows in ClickHouse's RowBinary, in one pooled buffer that is kept from batch to batch. Values are written column by column; a row
/// counts once <see cref="EndRow"/> was called, and what was written of an unfinished one can be taken back.
/// </summary>
public sealed class RowBinaryBatch : IDisposable
{
    private const int FirstBytes = 64 * 1024;
    private readonly List<int> _ends = [];
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(FirstBytes);
    private int _position;

    /// <summary>Finished rows.</summary>
    public int Rows => _ends.Count;

    /// <summary>Bytes of the finished rows.</summary>
    public int Bytes => _ends.Count == 0 ? 0 : _ends[^1];

    /// <summary>The finished rows, valid until the batch is written to, cleared or disposed.</summary>
    public ReadOnlyMemory<byte> Content => _buffer.AsMemory(0, Bytes);

    /// <summary>Some of the finished rows, for a refused batch that is parted.</summary>
    /// <param name="first">First row, from 0.</param>
    /// <param name="count">How many.</param>
    public ReadOnlyMemory<byte> Slice(int first, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Rows - first);
        var begin = first == 0 ? 0 : _ends[first - 1];
        return count == 0 ? default : _buffer.AsMemory(begin, _ends[first + count - 1] - begin);
    }

    /// <summary>Finishes the row.</summary>
    public void EndRow() => _ends.Add(_position);

    /// <summary>Takes back what was written since the last finished row.</summary>
    public void AbandonRow() => _position = Bytes;

    /// <summary>Takes back whatever was written after the first so many rows.</summary>
    public void TakeBackTo(int rows)
    {
        _ends.RemoveRange(rows, _ends.Count - rows);
        _position = Bytes;
    }

    /// <summary>Forgets all rows; the buffer stays.</summary>
    public void Clear()
    {
        _ends.Clear();
        _position = 0;
    }

    /// <summary>UInt8.</summary>
    public void WriteUInt8(byte value) => Take(1)[0] = value;

    /// <summary>Float64.</summary>
    public void WriteFloat64(double value) => BinaryPrimitives.WriteDoubleLittleEndian(Take(sizeof(double)), value);

    /// <summary>DateTime: whole seconds since 1970, UTC.</summary>
    public void WriteDateTime(uint seconds) => BinaryPrimitives.WriteUInt32LittleEndian(Take(sizeof(uint)), seconds);

    /// <summary>DateTime64(3): milliseconds since 1970, UTC.</summary>
    public void WriteDateTime64(long milliseconds) => BinaryPrimitives.WriteInt64LittleEndian(Take(sizeof(long)), milliseconds);

    /// <summary>String, and LowCardinality(String), whose bytes are UTF-8 already.</summary>
    public void WriteString(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length < 0x80)
        {
            var both = Take(utf8.Length + 1);
            both[0] = (byte)utf8.Length;
            utf8.CopyTo(both[1..]);
            return;
        }
        WriteLength(utf8.Length);
        utf8.CopyTo(Take(utf8.Length));
    }

    /// <summary>String, and LowCardinality(String).</summary>
    public void WriteString(ReadOnlySpan<char> text)
    {
        var length = Encoding.UTF8.GetByteCount(text);
        WriteLength(length);
        Encoding.UTF8.GetBytes(text, Take(length));
    }

    /// <summary>Array(Float64).</summary>
    public void WriteFloat64Array(ReadOnlySpan<double> values)
    {
        WriteLength(values.Length);
        var target = Take(values.Length * sizeof(double));
        if (BitConverter.IsLittleEndian)
        {
            MemoryMarshal.AsBytes(values).CopyTo(target);
            return;
        }
        for (var i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteDoubleLittleEndian(target[(i * sizeof(double))..], values[i]);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        var buffer = _buffer;
        _buffer = [];
        Clear();
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // Seven bits in a byte, the lowest first; the highest bit says that more follow.
    private void WriteLength(int length)
    {
        var rest = (uint)length;
        for (; rest >= 0x80; rest >>= 7)
        {
            WriteUInt8((byte)(rest | 0x80));
        }
        WriteUInt8((byte)rest);
    }

    private Span<byte> Take(int count)
    {
        if (_buffer.Length - _position < count)
        {
            Grow(count);
        }
        var span = _buffer.AsSpan(_position, count);
        _position += count;
        return span;
    }

    private void Grow(int count)
    {
        ObjectDisposedException.ThrowIf(_buffer.Length == 0, this);
        var larger = ArrayPool<byte>.Shared.Rent(checked((int)Math.Max((long)_position + count, Math.Min(_buffer.Length * 2L, Array.MaxLength))));
        _buffer.AsSpan(0, _position).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }
}
