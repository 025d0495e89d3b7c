namespace Radar.Market.Models;

/// <summary>A field of a protobuf message as it lies in the file.</summary>
/// <param name="Number">The field's number.</param>
/// <param name="Whole">Tag and value.</param>
/// <param name="Content">The value: of a length-delimited field its bytes, otherwise the raw number.</param>
internal readonly record struct ProtoField(int Number, ReadOnlyMemory<byte> Whole, ReadOnlyMemory<byte> Content)
{
    /// <exception cref="InvalidDataException">The bytes are no protobuf message.</exception>
    public static IEnumerable<ProtoField> Read(ReadOnlyMemory<byte> message)
    {
        while (!message.IsEmpty)
        {
            var at = 0;
            var tag = Varint(message.Span, ref at);
            var start = at;
            switch (tag & 7)
            {
                case 0:
                    Varint(message.Span, ref at);
                    break;
                case 1:
                    at += 8;
                    break;
                case 2:
                    var length = Varint(message.Span, ref at);
                    start = at;
                    at = length <= (ulong)(message.Length - at) ? at + (int)length : int.MaxValue;
                    break;
                case 5:
                    at += 4;
                    break;
                default:
                    at = int.MaxValue;
                    break;
            }
            if (at > message.Length)
            {
                throw new InvalidDataException("it is not an ONNX file, or is cut off");
            }
            yield return new ProtoField((int)(tag >> 3), message[..at], message[start..at]);
            message = message[at..];
        }
    }

    /// <summary>A length-delimited field.</summary>
    public static ReadOnlyMemory<byte> Write(int number, ReadOnlySpan<byte> content)
    {
        var bytes = new List<byte>(content.Length + 12);
        AddVarint(bytes, (uint)(number << 3 | 2));
        AddVarint(bytes, (uint)content.Length);
        bytes.AddRange(content);
        return bytes.ToArray();
    }

    /// <summary>The value as one varint, or as many packed ones.</summary>
    public IEnumerable<long> Integers()
    {
        for (var at = 0; at < Content.Length;)
        {
            yield return (long)Varint(Content.Span, ref at);
        }
    }

    private static void AddVarint(List<byte> bytes, uint value)
    {
        for (; value > 127; value >>= 7)
        {
            bytes.Add((byte)(value | 128));
        }
        bytes.Add((byte)value);
    }

    private static ulong Varint(ReadOnlySpan<byte> bytes, ref int at)
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            if (at >= bytes.Length)
            {
                throw new InvalidDataException("it is not an ONNX file, or is cut off");
            }
            var next = bytes[at++];
            value |= (ulong)(next & 127) << shift;
            if (next < 128)
            {
                return value;
            }
        }
        throw new InvalidDataException("it is not an ONNX file");
    }
}
