using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Radar.Embedded.Exchange.Wallex;

/// <summary>Binance's trades and order book changes in Wallex' shape: real prices, real bursts, many trades a second.</summary>
internal sealed class BinanceConverter
{
    private const int Levels = 20;
    private readonly Dictionary<string, SortedDictionary<decimal, decimal>> _sides = new(StringComparer.Ordinal);

    /// <summary>The frames that one message makes.</summary>
    public IEnumerable<WallexFrame> Convert(string message)
    {
        using var document = JsonDocument.Parse(message);
        var data = document.RootElement.TryGetProperty("data", out var wrapped) ? wrapped : document.RootElement;
        if (data.ValueKind != JsonValueKind.Object || !data.TryGetProperty("e", out var kind))
        {
            return [];
        }
        var symbol = data.GetProperty("s").GetString()!;
        return kind.GetString() switch
        {
            "trade" => [Trade(symbol, data)],
            "depthUpdate" => [Side(symbol, WallexFrame.BuyDepth, data.GetProperty("b")), Side(symbol, WallexFrame.SellDepth, data.GetProperty("a"))],
            _ => [],
        };
    }

    private static WallexFrame Trade(string symbol, JsonElement data)
    {
        var time = DateTimeOffset.FromUnixTimeMilliseconds(data.GetProperty("T").GetInt64());
        var trade = new WallexTrade(
            symbol, time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
            data.GetProperty("p").GetString()!, data.GetProperty("q").GetString()!, !data.GetProperty("m").GetBoolean());
        return WallexFrame.Of(symbol + "@trade", trade.Data());
    }

    private WallexFrame Side(string symbol, string kind, JsonElement changes)
    {
        var channel = $"{symbol}@{kind}";
        if (!_sides.TryGetValue(channel, out var side))
        {
            var best = kind == WallexFrame.BuyDepth ? Comparer<decimal>.Create((x, y) => y.CompareTo(x)) : Comparer<decimal>.Default;
            _sides[channel] = side = new SortedDictionary<decimal, decimal>(best);
        }
        foreach (var change in changes.EnumerateArray())
        {
            decimal price = Number(change[0]), quantity = Number(change[1]);
            if (quantity == 0)
            {
                side.Remove(price);
            }
            else
            {
                side[price] = quantity;
            }
        }
        var levels = side.Take(Levels).Select(level => string.Create(
            CultureInfo.InvariantCulture, $"{{\"price\":{level.Key:0.################},\"quantity\":{level.Value:0.################},\"sum\":{level.Key * level.Value:0.################}}}"));
        return WallexFrame.Of(channel, Encoding.UTF8.GetBytes($"[{string.Join(',', levels)}]"));
    }

    private static decimal Number(JsonElement text) => decimal.Parse(text.GetString()!, CultureInfo.InvariantCulture);
}
