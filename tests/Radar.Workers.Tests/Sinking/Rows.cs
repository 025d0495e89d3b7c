using System.Buffers.Binary;
using System.Text;
using Radar.Market.ClickHouse;
using Radar.Workers.Sinking;

namespace Radar.Workers.Tests.Sinking;

/// <summary>Rows of a batch as they would arrive at the server.</summary>
internal static class Rows
{
    public static IReadOnlyList<TradeText> Trades(RowBinaryBatch batch)
    {
        var reader = new Reader(batch.Content);
        return [.. Enumerable.Range(0, batch.Rows).Select(_ => new TradeText(
            reader.Text(), reader.Text(), reader.Text(), reader.Text(), reader.Number(), reader.Number(), reader.Number(),
            DateTimeOffset.FromUnixTimeSeconds(reader.Seconds()).ToString("yyyy-MM-dd HH:mm:ss", null)))];
    }

    /// <summary>The rows of a text, which must be readable.</summary>
    public static IReadOnlyList<TradeText> Trades(this IRecordParser parser, string text)
    {
        using var batch = new RowBinaryBatch();
        Assert.Null(parser.Parse(Encoding.UTF8.GetBytes(text), 0, 0, batch));
        return Trades(batch);
    }

    /// <summary>Why a text cannot be stored; null: it can.</summary>
    public static string? Problem(this IRecordParser parser, string? text) => parser.Problem(text is null ? null : Encoding.UTF8.GetBytes(text));

    public static string? Problem(this IRecordParser parser, byte[]? value)
    {
        using var batch = new RowBinaryBatch();
        return parser.Parse(value, 0, 0, batch);
    }

    internal sealed record TradeText(string Id, string Source, string Symbol, string Side, double Price, double Base, double Quote, string Time);

    private sealed class Reader(ReadOnlyMemory<byte> content)
    {
        private int _at;

        public string Text()
        {
            var length = 0;
            for (var shift = 0; ; shift += 7)
            {
                var part = content.Span[_at++];
                length |= (part & 0x7f) << shift;
                if (part < 0x80)
                {
                    break;
                }
            }
            _at += length;
            return Encoding.UTF8.GetString(content.Span.Slice(_at - length, length));
        }

        public double Number()
        {
            _at += 8;
            return BinaryPrimitives.ReadDoubleLittleEndian(content.Span[(_at - 8)..]);
        }

        public uint Seconds()
        {
            _at += 4;
            return BinaryPrimitives.ReadUInt32LittleEndian(content.Span[(_at - 4)..]);
        }
    }
}
