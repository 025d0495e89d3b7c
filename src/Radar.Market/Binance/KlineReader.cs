using System.Buffers.Text;
using System.Text.Json;

namespace Radar.Market.Binance;

/// <summary>Reads Binance's klines: an array of 12-element arrays, prices as strings. Nothing is allocated but the list.</summary>
internal static class KlineReader
{
    /// <summary>The candles of an answer.</summary>
    /// <exception cref="JsonException">It is cut off, or no klines.</exception>
    public static List<Candle> Read(ReadOnlySpan<byte> json)
    {
        var candles = new List<Candle>();
        var reader = new Utf8JsonReader(json);
        Expect(ref reader, JsonTokenType.StartArray);
        while (reader.Read() && reader.TokenType == JsonTokenType.StartArray)
        {
            candles.Add(new Candle(
                Whole(ref reader), Real(ref reader), Real(ref reader), Real(ref reader), Real(ref reader), Real(ref reader),
                Whole(ref reader), Real(ref reader), Whole(ref reader), Real(ref reader), Real(ref reader), (long)Real(ref reader)));
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                reader.Skip(); // Columns that a later version may add.
            }
        }
        return reader.TokenType == JsonTokenType.EndArray
            ? candles
            : throw new JsonException($"a kline was expected, not {reader.TokenType}");
    }

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType type)
    {
        if (!reader.Read() || reader.TokenType != type)
        {
            throw new JsonException($"{type} was expected, not {reader.TokenType}");
        }
    }

    private static long Whole(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.Number);
        return reader.GetInt64();
    }

    private static double Real(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.String);
        return Utf8Parser.TryParse(reader.ValueSpan, out double value, out var used) && used == reader.ValueSpan.Length
            ? value
            : throw new JsonException($"'{reader.GetString()}' is not a number");
    }
}
