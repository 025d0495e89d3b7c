using System.Text;
using System.Text.Json;
using Radar.Market.ClickHouse;

namespace Radar.Workers.Sinking.Trades;

/// <summary>Trades of the other exchanges, which share Wallex' topic: one or several in an object.</summary>
internal static class OtherTrades
{
    private const string LastTrades = "last-trades:";

    /// <summary>Appends the rows of an object.</summary>
    /// <returns>Why it cannot be stored; null: it can, or it is a word between exchange and producer that needs no row.</returns>
    /// <exception cref="JsonException">It is no JSON.</exception>
    /// <exception cref="FormatException">A trade is not as it should be; the message says how.</exception>
    public static string? Parse(ReadOnlyMemory<byte> value, RowBinaryBatch rows)
    {
        using var document = JsonDocument.Parse(value, Json.DocumentOptions);
        var message = document.RootElement;
        if (message.ValueKind != JsonValueKind.Object)
        {
            return "neither an array nor an object";
        }
        if (Text(message, "event") is { } name)
        {
            return name == "matches_update" ? Bitpin(message, rows) : null;
        }
        switch (Text(message, "exchange"))
        {
            case "tabdeal":
                return Tabdeal(message, rows);
            case "nobitex":
                return Nobitex(message, rows);
        }
        if (Text(message, "channel") is { Length: > 0 } channel)
        {
            return Ramzinex(channel, message, rows);
        }
        // The greeting of a socket, which producers of old pass on.
        return message.TryGetProperty("sid", out _) || message.TryGetProperty("pingInterval", out _) ? null : "an object of no known exchange";
    }

    private static string? Bitpin(JsonElement message, RowBinaryBatch rows)
    {
        var (symbol, time) = (Needed(message, "symbol"), Time(message, "event_time"));
        foreach (var match in Items(message, "matches"))
        {
            Write(rows, Word(match, "id"), "bitpin"u8, symbol, Needed(match, "side"), Number(match, "price").ToDouble(), Number(match, "base_amount").ToDouble(),
                Number(match, "quote_amount").ToDouble(), time);
        }
        return null;
    }

    private static string? Tabdeal(JsonElement message, RowBinaryBatch rows)
    {
        var (price, quantity) = (Number(message, "price"), Number(message, "qty"));
        var buys = message.TryGetProperty("isBuyerMaker", out var maker) && maker.ValueKind == JsonValueKind.True;
        Write(rows, Word(message, "id"), "tabdeal"u8, Needed(message, "symbol"), buys ? "buy" : "sell", price.ToDouble(), quantity.ToDouble(),
            DecimalText.Product(price, quantity), Time(message, "time"));
        return null;
    }

    private static string? Nobitex(JsonElement message, RowBinaryBatch rows)
    {
        var (symbol, side) = (Needed(message, "symbol"), Needed(message, "type"));
        var (price, quantity) = (Number(message, "price"), Number(message, "volume"));
        var id = new byte[TradeId.Length];
        TradeId.Write(
            id, "nobitex"u8, Encoding.UTF8.GetBytes(symbol), Encoding.UTF8.GetBytes(Needed(message, "time")), Encoding.UTF8.GetBytes(Word(message, "price")),
            Encoding.UTF8.GetBytes(Word(message, "volume")), Encoding.UTF8.GetBytes(side));
        Write(rows, Encoding.ASCII.GetString(id), "nobitex"u8, symbol, side, price.ToDouble(), quantity.ToDouble(), DecimalText.Product(price, quantity), Time(message, "time"));
        return null;
    }

    // Each item: price, amount, time, side, seconds since 1970, id.
    private static string? Ramzinex(string channel, JsonElement message, RowBinaryBatch rows)
    {
        if (!channel.StartsWith(LastTrades, StringComparison.Ordinal))
        {
            return $"a channel of {Json.Quote(Encoding.UTF8.GetBytes(channel))}, which tells no trades";
        }
        foreach (var item in Items(message, "data"))
        {
            if (item.ValueKind != JsonValueKind.Array || item.GetArrayLength() < 6)
            {
                throw new FormatException("a trade that is no array of six");
            }
            var (price, amount) = (Number(item[0], "price"), Number(item[1], "amount"));
            Write(rows, Word(item[5], "id"), "ramzinex"u8, channel[LastTrades.Length..], Word(item[3], "side"), price.ToDouble(), amount.ToDouble(),
                DecimalText.Product(price, amount), Time(item[2]));
        }
        return null;
    }

    private static void Write(
        RowBinaryBatch rows, string id, ReadOnlySpan<byte> source, string symbol, string side, double price, double amount, double quote, uint time)
    {
        if (!double.IsFinite(price) || !double.IsFinite(amount) || !double.IsFinite(quote))
        {
            throw new FormatException("a price or amount beyond numbers");
        }
        if (side is not ("buy" or "sell"))
        {
            throw new FormatException($"a side of {Json.Quote(Encoding.UTF8.GetBytes(side))}");
        }
        TradesTable.Write(rows, new TradeRow
        {
            TradeId = Encoding.UTF8.GetBytes(id), Source = source, Symbol = Encoding.UTF8.GetBytes(symbol), Side = side == "buy" ? "buy"u8 : "sell"u8,
            Price = price, BaseAmount = amount, QuoteAmount = quote, EventTime = time,
        });
    }

    private static JsonElement.ArrayEnumerator Items(JsonElement message, string name) =>
        message.TryGetProperty(name, out var items) && items.ValueKind == JsonValueKind.Array ? items.EnumerateArray() : throw new FormatException($"no array of {name}");

    private static string? Text(JsonElement message, string name) =>
        message.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string Needed(JsonElement message, string name) =>
        Text(message, name) is { Length: > 0 } text ? text : throw new FormatException($"no {name} that is a text");

    private static string Word(JsonElement message, string name) =>
        message.ValueKind == JsonValueKind.Object ? message.TryGetProperty(name, out var value) ? WordOf(value, name) : throw new FormatException($"no {name}") : WordOf(message, name);

    // As the original's language writes it.
    private static string WordOf(JsonElement value, string name) => value.ValueKind switch
    {
        JsonValueKind.String when value.GetString() is { Length: > 0 } text => text,
        JsonValueKind.Number => Encoding.ASCII.GetString(PythonNumber.Write(Encoding.ASCII.GetBytes(value.GetRawText()))),
        _ => throw new FormatException($"no {name} that is a text or a number"),
    };

    private static DecimalText Number(JsonElement value, string name)
    {
        var text = Word(value, name);
        return DecimalText.TryRead(Encoding.UTF8.GetBytes(text), out var number) ? number : throw new FormatException($"a {name} of {Json.Quote(Encoding.UTF8.GetBytes(text))}");
    }

    private static uint Time(JsonElement message, string name) =>
        message.TryGetProperty(name, out var value) ? Time(value) : throw new FormatException($"no {name}");

    private static uint Time(JsonElement value) =>
        value.ValueKind == JsonValueKind.String && EventTime.TryRead(Encoding.UTF8.GetBytes(value.GetString()!), out var seconds)
            ? seconds
            : throw new FormatException($"a time of {Json.Quote(value)}");
}
