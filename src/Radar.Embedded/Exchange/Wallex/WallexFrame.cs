using System.Text;
using System.Text.Json;

namespace Radar.Embedded.Exchange.Wallex;

/// <summary>What a channel says once, in both protocols' shapes.</summary>
internal sealed class WallexFrame
{
    /// <summary>The kinds of channel that have frames.</summary>
    public const string Trade = "trade", BuyDepth = "buyDepth", SellDepth = "sellDepth";

    private byte[]? _second;
    private readonly ReadOnlyMemory<byte> _data;

    private WallexFrame(string channel, ReadOnlyMemory<byte> first, ReadOnlyMemory<byte> data)
    {
        (Channel, First, _data) = (channel, first, data);
        var at = channel.IndexOf('@', StringComparison.Ordinal);
        (Symbol, Kind) = (channel[..at], channel[(at + 1)..]);
    }

    /// <summary>For instance <c>USDTTMN@trade</c>.</summary>
    public string Channel { get; }

    /// <summary>Its market.</summary>
    public string Symbol { get; }

    /// <summary>trade, buyDepth or sellDepth.</summary>
    public string Kind { get; }

    /// <summary>The first protocol's frame.</summary>
    public ReadOnlyMemory<byte> First { get; }

    /// <summary>What it says.</summary>
    public ReadOnlySpan<byte> Data => _data.Span;

    /// <summary>The second protocol's frame.</summary>
    public ReadOnlyMemory<byte> Second => _second ??=
        [.. Encoding.UTF8.GetBytes($$$"""{"push":{"channel":"{{{Namespace(Kind)}}}:{{{Channel}}}","pub":{"data":"""), .. _data.Span, .. "}}}"u8];

    /// <summary>The second protocol's namespace of a kind of channel.</summary>
    public static string Namespace(string kind) => kind == Trade ? "public" : "orderbook";

    /// <summary>A frame made of what it says.</summary>
    public static WallexFrame Of(string channel, byte[] data)
    {
        byte[] head = Encoding.UTF8.GetBytes($"[\"{channel}\",");
        byte[] whole = [.. head, .. data, (byte)']'];
        return new WallexFrame(channel, whole, whole.AsMemory(head.Length, data.Length));
    }

    /// <summary>A frame as it was recorded, byte for byte; null when it is none of a trade or an order book.</summary>
    public static WallexFrame? Parse(byte[] first)
    {
        try
        {
            var reader = new Utf8JsonReader(first);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray || !reader.Read() || reader.TokenType != JsonTokenType.String)
            {
                return null;
            }
            var channel = reader.GetString()!;
            if (channel.Split('@') is not [{ Length: > 0 }, Trade or BuyDepth or SellDepth] || !reader.Read() || reader.TokenType == JsonTokenType.EndArray)
            {
                return null;
            }
            var from = (int)reader.TokenStartIndex;
            reader.Skip();
            return new WallexFrame(channel, first, first.AsMemory(from, (int)reader.BytesConsumed - from));
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
