using Confluent.Kafka;

namespace Radar.Workers.Sinking;

/// <summary>A record as it was taken from the broker.</summary>
/// <param name="Partition">Its partition.</param>
/// <param name="Offset">Its offset there.</param>
/// <param name="Timestamp">Its time, milliseconds since 1970, UTC.</param>
/// <param name="Value">Its bytes, until the next record is taken; null: it has none.</param>
internal readonly record struct TakenRecord(int Partition, long Offset, long Timestamp, ReadOnlyMemory<byte>? Value);

/// <summary>
/// Values as the client has them, without an array for each: one buffer is written to again and again. Most records live in it for less than a microsecond.
/// </summary>
internal sealed class ReusedBuffer : IDeserializer<ReadOnlyMemory<byte>?>
{
    private const int Kept = 64 * 1024; // What is longer is rare, and need not be kept.
    private readonly byte[] _buffer = new byte[Kept];

    public ReadOnlyMemory<byte>? Deserialize(ReadOnlySpan<byte> data, bool isNull, SerializationContext context)
    {
        if (isNull)
        {
            return null;
        }
        if (data.Length > Kept)
        {
            return data.ToArray();
        }
        data.CopyTo(_buffer);
        return _buffer.AsMemory(0, data.Length);
    }
}
