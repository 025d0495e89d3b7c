using System.Text.Json;
using System.Text.Unicode;
using Radar.Market.ClickHouse;

namespace Radar.Workers.Sinking.Trades;

/// <summary>
/// A Wallex frame, such as <c>["USDTTMN@trade",{"isBuyOrder":true,"quantity":"255.75","price":"82131","timestamp":"2025-06-01T09:33:41Z"}]</c>, read in
/// one pass from its bytes into the row's. Further elements, which relays add, are passed over.
/// </summary>
internal static class WallexTrade
{
    /// <summary>Longer texts are nobody's price or market.</summary>
    public const int LongestText = 512;

    /// <summary>Appends its row.</summary>
    /// <returns>Why it cannot be one; null: it is.</returns>
    /// <exception cref="JsonException">It is no JSON.</exception>
    public static string? Parse(ReadOnlySpan<byte> value, EqualTrades? equal, RowBinaryBatch rows)
    {
        return UsualFrame.TryRead(value, out var usual)
            ? Append(usual.Symbol, usual.Price, usual.Quantity, usual.Timestamp, usual.Buys, equal, rows)
            : ParseJson(value, equal, rows);
    }

    /// <summary>The same of any JSON, and the reference for what is read quicker.</summary>
    /// <exception cref="JsonException">It is no JSON.</exception>
    public static string? ParseJson(ReadOnlySpan<byte> value, EqualTrades? equal, RowBinaryBatch rows)
    {
        var reader = new Utf8JsonReader(value, Json.Options);
        reader.Read(); // [
        if (!reader.Read() || reader.TokenType != JsonTokenType.String)
        {
            return "an array whose first element is no channel";
        }
        if (!TryText(ref reader, out var channel))
        {
            return "a channel that is no readable text";
        }
        var at = channel.IndexOf((byte)'@');
        var symbol = at < 0 ? channel : channel[..at];
        if (symbol.IsEmpty)
        {
            return "a channel without a market";
        }
        if (!reader.Read() || reader.TokenType == JsonTokenType.EndArray)
        {
            return "an array of one element";
        }
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return channel.EndsWith("Depth"u8) ? "an order book among the trades" : $"an array whose second element is {Json.Name(reader.TokenType)} and no trade";
        }
        ReadOnlySpan<byte> price = "0.0"u8, quantity = "0.0"u8, timestamp = default;
        var buys = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var field = reader.ValueTextEquals("price"u8) ? Field.Price
                : reader.ValueTextEquals("quantity"u8) ? Field.Quantity
                : reader.ValueTextEquals("timestamp"u8) ? Field.Timestamp
                : reader.ValueTextEquals("isBuyOrder"u8) ? Field.Side : Field.Other;
            reader.Read();
            switch (field)
            {
                case Field.Price when !TryText(ref reader, out price):
                    return $"a price that is {Json.Name(reader.TokenType)}";
                case Field.Quantity when !TryText(ref reader, out quantity):
                    return $"a quantity that is {Json.Name(reader.TokenType)}";
                case Field.Timestamp when !TryText(ref reader, out timestamp):
                    return $"a timestamp that is {Json.Name(reader.TokenType)}";
                case Field.Side:
                    if (reader.TokenType is not (JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null))
                    {
                        return $"an isBuyOrder that is {Json.Name(reader.TokenType)}";
                    }
                    buys = reader.TokenType == JsonTokenType.True;
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
        while (reader.Read())
        {
            // To the very end: what follows must be JSON too.
        }
        return Append(symbol, price, quantity, timestamp, buys, equal, rows);
    }

    private static string? Append(
        ReadOnlySpan<byte> symbol, ReadOnlySpan<byte> price, ReadOnlySpan<byte> quantity, ReadOnlySpan<byte> timestamp, bool buys, EqualTrades? equal, RowBinaryBatch rows)
    {
        if (!DecimalText.TryRead(price, out var priceNumber))
        {
            return $"a price of {Json.Quote(price)}";
        }
        if (!DecimalText.TryRead(quantity, out var quantityNumber))
        {
            return $"a quantity of {Json.Quote(quantity)}";
        }
        if (timestamp.IsEmpty)
        {
            return "no timestamp";
        }
        if (!EventTime.TryRead(timestamp, out var seconds))
        {
            return $"a timestamp of {Json.Quote(timestamp)}";
        }
        var side = buys ? "buy"u8 : "sell"u8;
        Span<byte> id = stackalloc byte[TradeId.Length];
        TradeId.Write(id, "wallex"u8, symbol, timestamp, price, quantity, side);
        equal?.Number(id, seconds);
        double priceValue = priceNumber.ToDouble(), quantityValue = quantityNumber.ToDouble(), product = DecimalText.Product(priceNumber, quantityNumber);
        if (!double.IsFinite(priceValue) || !double.IsFinite(quantityValue) || !double.IsFinite(product))
        {
            return $"a price of {Json.Quote(price)} and a quantity of {Json.Quote(quantity)}, which are beyond numbers";
        }
        TradesTable.Write(rows, new TradeRow
        {
            TradeId = id, Source = "wallex"u8, Symbol = symbol, Side = side, Price = priceValue, BaseAmount = quantityValue, QuoteAmount = product, EventTime = seconds,
        });
        return null;
    }

    // A text's bytes as they stand in the message; a number's as the original wrote it.
    private static bool TryText(scoped ref Utf8JsonReader reader, out ReadOnlySpan<byte> text)
    {
        text = default;
        switch (reader.TokenType)
        {
            case JsonTokenType.Number:
                text = PythonNumber.Write(reader.ValueSpan);
                return true;
            case JsonTokenType.String when reader.ValueSpan.Length > LongestText:
                return false;
            case JsonTokenType.String when reader.ValueIsEscaped:
                var unescaped = new byte[reader.ValueSpan.Length];
                text = unescaped.AsSpan(0, reader.CopyString(unescaped));
                return true;
            case JsonTokenType.String:
                text = reader.ValueSpan;
                return Utf8.IsValid(text);
            default:
                return false;
        }
    }

    private enum Field
    {
        Other,
        Price,
        Quantity,
        Timestamp,
        Side,
    }
}
