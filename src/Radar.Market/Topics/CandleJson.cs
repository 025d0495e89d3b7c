using System.Globalization;
using System.Text.Json;
using Radar.Market.Candles;

namespace Radar.Market.Topics;

/// <summary>The JSON of a candle in a Kafka record: no spaces, keys in the order of the prices CSV.</summary>
internal static class CandleJson
{
    private const int AllFields = (1 << 10) - 1; // "ignore", the eleventh, may be left out.

    public static int Write(in Candle candle, Span<byte> into)
    {
        var at = 0;
        Text("{\"open_time\":\""u8, into, ref at);
        DateTimeOffset.FromUnixTimeMilliseconds(candle.OpenTime)
            .TryFormat(into[at..], out var length, "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
        at += length;
        Number("\",\"open\":"u8, candle.Open, into, ref at);
        Number(",\"high\":"u8, candle.High, into, ref at);
        Number(",\"low\":"u8, candle.Low, into, ref at);
        Number(",\"close\":"u8, candle.Close, into, ref at);
        Number(",\"volume\":"u8, candle.Volume, into, ref at);
        Number(",\"quote_asset_volume\":"u8, candle.QuoteVolume, into, ref at);
        Integer(",\"trades\":"u8, candle.Trades, into, ref at);
        Number(",\"taker_base\":"u8, candle.TakerBase, into, ref at);
        Number(",\"taker_quote\":"u8, candle.TakerQuote, into, ref at);
        Integer(",\"ignore\":"u8, candle.Ignore, into, ref at);
        into[at++] = (byte)'}';
        return at;
    }

    public static bool TryRead(ReadOnlySpan<byte> json, List<Candle> candles, out string problem)
    {
        problem = "";
        if (json.IsEmpty)
        {
            problem = "the value is empty";
            return false;
        }
        try
        {
            var reader = new Utf8JsonReader(json);
            Expect(reader.Read() && reader.TokenType == JsonTokenType.StartArray, "not a JSON array");
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                Expect(reader.TokenType == JsonTokenType.StartObject, $"element {candles.Count} is not an object");
                candles.Add(ReadObject(ref reader));
            }
            Expect(!reader.Read(), "there is text after the array");
            return true;
        }
        catch (Exception malformed) when (malformed is JsonException or FormatException or InvalidOperationException)
        {
            problem = malformed.Message;
            return false;
        }
    }

    private static Candle ReadObject(ref Utf8JsonReader reader)
    {
        var candle = new Candle();
        var seen = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var field = Field(ref reader);
            reader.Read();
            if (field < 0)
            {
                reader.Skip(); // A field that a newer writer added.
                continue;
            }
            candle = field switch
            {
                0 => candle with { OpenTime = Time(ref reader) },
                1 => candle with { Open = Number(ref reader, "open") },
                2 => candle with { High = Number(ref reader, "high") },
                3 => candle with { Low = Number(ref reader, "low") },
                4 => candle with { Close = Number(ref reader, "close") },
                5 => candle with { Volume = Number(ref reader, "volume") },
                6 => candle with { QuoteVolume = Known(ref reader, "quote_asset_volume") },
                7 => candle with { Trades = Whole(ref reader, "trades") },
                8 => candle with { TakerBase = Known(ref reader, "taker_base") },
                9 => candle with { TakerQuote = Known(ref reader, "taker_quote") },
                _ => candle with { Ignore = Whole(ref reader, "ignore") },
            };
            seen |= 1 << field;
        }
        Expect((seen & AllFields) == AllFields, "a candle lacks a field: open_time, open, high, low, close, volume, quote_asset_volume, trades, taker_base and taker_quote are needed");
        return candle;
    }

    private static int Field(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("open_time"u8) ? 0
        : reader.ValueTextEquals("open"u8) ? 1
        : reader.ValueTextEquals("high"u8) ? 2
        : reader.ValueTextEquals("low"u8) ? 3
        : reader.ValueTextEquals("close"u8) ? 4
        : reader.ValueTextEquals("volume"u8) ? 5
        : reader.ValueTextEquals("quote_asset_volume"u8) ? 6
        : reader.ValueTextEquals("trades"u8) ? 7
        : reader.ValueTextEquals("taker_base"u8) ? 8
        : reader.ValueTextEquals("taker_quote"u8) ? 9
        : reader.ValueTextEquals("ignore"u8) ? 10
        : -1;

    private static long Time(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.String && CandleTime.TryParse(reader.GetString(), out var time))
        {
            return time;
        }
        throw new FormatException($"open_time is {reader.TokenType}, not a time such as 2025-10-01 00:00:00");
    }

    private static double Number(ref Utf8JsonReader reader, string field) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out var value) && double.IsFinite(value)
            ? value
            : throw new FormatException($"{field} is {reader.TokenType}, not a number");

    // null where the sender's own source did not tell it.
    private static double Known(ref Utf8JsonReader reader, string field) =>
        reader.TokenType == JsonTokenType.Null ? double.NaN : Number(ref reader, field);

    private static long? Whole(ref Utf8JsonReader reader, string field) =>
        reader.TokenType == JsonTokenType.Null ? null : (long)Number(ref reader, field);

    private static void Expect(bool condition, string problem)
    {
        if (!condition)
        {
            throw new FormatException(problem);
        }
    }

    private static void Text(ReadOnlySpan<byte> text, Span<byte> into, ref int at)
    {
        text.CopyTo(into[at..]);
        at += text.Length;
    }

    private static void Number(ReadOnlySpan<byte> name, double value, Span<byte> into, ref int at)
    {
        Text(name, into, ref at);
        if (double.IsFinite(value))
        {
            at += NumberText.Write(value, into[at..]);
        }
        else
        {
            Text("null"u8, into, ref at); // JSON has no NaN; a reader reports it where it cannot do without.
        }
    }

    private static void Integer(ReadOnlySpan<byte> name, long? value, Span<byte> into, ref int at)
    {
        Text(name, into, ref at);
        if (value is not { } number)
        {
            Text("null"u8, into, ref at);
            return;
        }
        number.TryFormat(into[at..], out var length, default, CultureInfo.InvariantCulture);
        at += length;
    }
}
