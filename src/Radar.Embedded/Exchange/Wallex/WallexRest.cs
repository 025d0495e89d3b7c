using System.Globalization;
using System.Text.Json;

namespace Radar.Embedded.Exchange.Wallex;

/// <summary>REST answers in Wallex' shapes.</summary>
internal static class WallexRest
{
    private const string CreatedAt = "2019-08-24T14:15:22Z";

    /// <summary>The envelope around every answer.</summary>
    public static void Result(Utf8JsonWriter json, Action<Utf8JsonWriter> write)
    {
        json.WriteStartObject();
        json.WriteBoolean("success", true);
        json.WriteString("message", "The operation was successful");
        json.WriteStartObject("result");
        write(json);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>The envelope of a refusal.</summary>
    public static void Refusal(Utf8JsonWriter json, string message)
    {
        json.WriteStartObject();
        json.WriteBoolean("success", false);
        json.WriteString("message", message);
        json.WriteNull("result");
        json.WriteEndObject();
    }

    /// <summary>Markets as a list, as <c>/hector/web/v1/markets</c> tells them: in no order.</summary>
    public static void MarketList(Utf8JsonWriter json, string[] markets)
    {
        json.WriteStartArray("markets");
        foreach (var symbol in markets.Reverse())
        {
            var toman = symbol.EndsWith("TMN", StringComparison.Ordinal);
            json.WriteStartObject();
            json.WriteString("symbol", symbol);
            json.WriteString("base_asset", Base(symbol));
            json.WriteString("quote_asset", Quote(symbol));
            json.WriteString("price", "82131");
            json.WriteNumber("change_24h", 0.1);
            json.WriteNull("volume_24h");
            json.WriteBoolean("is_spot", true);
            json.WriteBoolean("is_tmn_based", toman);
            json.WriteBoolean("is_usdt_based", !toman);
            json.WriteNumber("amount_precision", 6);
            json.WriteNumber("price_precision", toman ? 0 : 5);
            json.WriteString("created_at", CreatedAt);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    /// <summary>Markets as a map, as <c>/v1/markets</c> tells them.</summary>
    public static void MarketMap(Utf8JsonWriter json, string[] markets)
    {
        json.WriteStartObject("symbols");
        foreach (var symbol in markets)
        {
            json.WriteStartObject(symbol);
            json.WriteString("symbol", symbol);
            json.WriteString("baseAsset", Base(symbol));
            json.WriteString("quoteAsset", Quote(symbol));
            json.WriteString("createdAt", CreatedAt);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    /// <summary>A market's last trades, newest first.</summary>
    public static void Trades(Utf8JsonWriter json, WallexTrade[] trades, bool? padded)
    {
        json.WriteStartArray("latestTrades");
        foreach (var trade in trades)
        {
            decimal price = Number(trade.Price), quantity = Number(trade.Quantity);
            json.WriteStartObject();
            json.WriteString("symbol", trade.Symbol);
            json.WriteString("quantity", Text(trade.Quantity, quantity, padded));
            json.WriteString("price", Text(trade.Price, price, padded));
            json.WriteString("sum", DecimalTexts.Write(price * quantity, padded ?? true));
            json.WriteBoolean("isBuyOrder", trade.IsBuyOrder);
            json.WriteString("timestamp", trade.Timestamp);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    /// <summary>Both sides of an order book.</summary>
    public static void Depth(Utf8JsonWriter json, WallexFrame? asks, WallexFrame? bids)
    {
        foreach (var (name, side) in (ReadOnlySpan<(string, WallexFrame?)>)[("ask", asks), ("bid", bids)])
        {
            json.WritePropertyName(name);
            if (side is null)
            {
                json.WriteStartArray();
                json.WriteEndArray();
            }
            else
            {
                json.WriteRawValue(side.Data);
            }
        }
    }

    private static string Text(string said, decimal value, bool? padded) => padded is { } fill ? DecimalTexts.Write(value, fill) : said;

    private static decimal Number(string text) => decimal.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);

    private static string Quote(string symbol) => symbol.EndsWith("TMN", StringComparison.Ordinal) ? "TMN" : "USDT";

    private static string Base(string symbol) => symbol.EndsWith(Quote(symbol), StringComparison.Ordinal) ? symbol[..^Quote(symbol).Length] : symbol;
}
