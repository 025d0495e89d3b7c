using System.Text;
using System.Text.Json;
using Radar.Market.Wallex;

namespace Radar.Embedded.Exchange.Wallex;

/// <summary>A trade as frames and REST tell it; numbers are texts.</summary>
internal sealed record WallexTrade(string Symbol, string Timestamp, string Price, string Quantity, bool IsBuyOrder)
{
    /// <summary>The id that everybody makes of it.</summary>
    public string Id => WallexTradeId.Of(Symbol, Timestamp, Price, Quantity, IsBuyOrder);

    /// <summary>What stands in a frame.</summary>
    public byte[] Data() => Encoding.UTF8.GetBytes(
        $$"""{"isBuyOrder":{{(IsBuyOrder ? "true" : "false")}},"quantity":"{{Quantity}}","price":"{{Price}}","timestamp":"{{Timestamp}}"}""");

    /// <summary>Reads what stands in a frame; null when it is no trade.</summary>
    public static WallexTrade? Read(string symbol, ReadOnlySpan<byte> data)
    {
        try
        {
            var reader = new Utf8JsonReader(data);
            var trade = JsonElement.ParseValue(ref reader);
            return new WallexTrade(
                symbol,
                trade.GetProperty("timestamp").GetString()!,
                trade.GetProperty("price").GetString()!,
                trade.GetProperty("quantity").GetString()!,
                trade.GetProperty("isBuyOrder").GetBoolean());
        }
        catch (Exception ex) when (ex is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }
}
