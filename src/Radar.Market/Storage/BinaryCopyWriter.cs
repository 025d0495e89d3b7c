using System.Buffers.Binary;
using Radar.Market.Candles;

namespace Radar.Market.Storage;

/// <summary>Writes PostgreSQL's binary COPY format into a raw copy stream, a buffer at a time and without an allocation per row.</summary>
internal sealed class BinaryCopyWriter(Stream stream)
{
    private const int FloatOid = 701;
    private const int FlushAbove = 60_000;
    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _length;

    public void Start()
    {
        "PGCOPY\n"u8.CopyTo(_buffer);
        _buffer[7] = 0xff;
        _buffer[8] = (byte)'\r';
        _buffer[9] = (byte)'\n';
        _buffer[10] = 0;
        _buffer.AsSpan(11, 8).Clear(); // No flags, no header extension.
        _length = 19;
    }

    public void Row(short fields) => Int16(fields);

    public void Null() => Int32(-1);

    public void Int64(long value)
    {
        Int32(8);
        BinaryPrimitives.WriteInt64BigEndian(_buffer.AsSpan(_length), value);
        _length += 8;
    }

    /// <summary>A number that may not be there.</summary>
    public void Int64(long? value)
    {
        if (value is { } known)
        {
            Int64(known);
        }
        else
        {
            Null();
        }
    }

    /// <summary>A number, or NULL for NaN.</summary>
    public void Known(double value)
    {
        if (double.IsNaN(value))
        {
            Null();
        }
        else
        {
            Double(value);
        }
    }

    public void Double(double value)
    {
        Int32(8);
        BinaryPrimitives.WriteDoubleBigEndian(_buffer.AsSpan(_length), value);
        _length += 8;
    }

    public void Timestamp(long milliseconds) => Int64(CandleTime.ToPostgres(milliseconds));

    public void Doubles(ReadOnlySpan<double> values)
    {
        Int32(20 + 12 * values.Length);
        Int32(1); // Dimensions.
        Int32(0); // No nulls inside.
        Int32(FloatOid);
        Int32(values.Length);
        Int32(1); // Lower bound.
        foreach (var value in values)
        {
            Double(value);
        }
    }

    /// <summary>To be called between rows: sends the buffer when it is nearly full.</summary>
    public ValueTask FlushIfFullAsync(CancellationToken cancellationToken) =>
        _length > FlushAbove ? FlushAsync(cancellationToken) : ValueTask.CompletedTask;

    public async ValueTask EndAsync(CancellationToken cancellationToken)
    {
        Int16(-1);
        await FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        await stream.WriteAsync(_buffer.AsMemory(0, _length), cancellationToken).ConfigureAwait(false);
        _length = 0;
    }

    private void Int16(short value)
    {
        BinaryPrimitives.WriteInt16BigEndian(_buffer.AsSpan(_length), value);
        _length += 2;
    }

    private void Int32(int value)
    {
        BinaryPrimitives.WriteInt32BigEndian(_buffer.AsSpan(_length), value);
        _length += 4;
    }
}
