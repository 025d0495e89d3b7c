using System.Buffers.Binary;
using Radar.Market.Candles;

namespace Radar.Market.Storage;

/// <summary>Reads PostgreSQL's binary COPY format from a raw copy stream. Rows may be up to 4,000 bytes long, which ours never reach.</summary>
internal sealed class BinaryCopyReader(Stream stream)
{
    private const int LongestRow = 4_000;
    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _position;
    private int _length;
    private bool _started;
    private bool _ended;

    /// <summary>Moves to the next row; its fields are then read one after the other.</summary>
    public async ValueTask<bool> NextAsync(CancellationToken cancellationToken)
    {
        if (_length - _position < LongestRow && !_ended)
        {
            await FillAsync(cancellationToken).ConfigureAwait(false);
        }
        if (!_started)
        {
            _started = true;
            _position = 19 + BinaryPrimitives.ReadInt32BigEndian(_buffer.AsSpan(15));
        }
        if (_length - _position < 2)
        {
            throw new EndOfStreamException("PostgreSQL ended a binary COPY without its trailer.");
        }
        var fields = BinaryPrimitives.ReadInt16BigEndian(_buffer.AsSpan(_position));
        _position += 2;
        return fields >= 0;
    }

    public long? Int64() => Take(out var at) ? BinaryPrimitives.ReadInt64BigEndian(_buffer.AsSpan(at)) : null;

    public double Double() => Take(out var at) ? BinaryPrimitives.ReadDoubleBigEndian(_buffer.AsSpan(at)) : double.NaN;

    public long Timestamp() =>
        Take(out var at) ? CandleTime.FromPostgres(BinaryPrimitives.ReadInt64BigEndian(_buffer.AsSpan(at))) : 0;

    public bool Boolean() => Take(out var at) && _buffer[at] != 0;

    /// <summary>Reads an array of doubles; false when it is NULL or has another length.</summary>
    public bool Doubles(Span<double> values)
    {
        if (!Take(out var at))
        {
            return false;
        }
        var bytes = _buffer.AsSpan(at);
        if (BinaryPrimitives.ReadInt32BigEndian(bytes) != 1 || BinaryPrimitives.ReadInt32BigEndian(bytes[12..]) != values.Length)
        {
            return false;
        }
        for (var (i, offset) = (0, 20); i < values.Length; i++)
        {
            var size = BinaryPrimitives.ReadInt32BigEndian(bytes[offset..]);
            values[i] = size == 8 ? BinaryPrimitives.ReadDoubleBigEndian(bytes[(offset + 4)..]) : double.NaN;
            offset += 4 + Math.Max(size, 0);
        }
        return true;
    }

    private bool Take(out int at)
    {
        var size = BinaryPrimitives.ReadInt32BigEndian(_buffer.AsSpan(_position));
        at = _position + 4;
        _position = at + Math.Max(size, 0);
        return size >= 0;
    }

    private async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        _buffer.AsSpan(_position, _length - _position).CopyTo(_buffer);
        (_length, _position) = (_length - _position, 0);
        while (_length < LongestRow)
        {
            var read = await stream.ReadAsync(_buffer.AsMemory(_length), cancellationToken).ConfigureAwait(false);
            if (read == 0)
            {
                _ended = true;
                return;
            }
            _length += read;
        }
    }
}
