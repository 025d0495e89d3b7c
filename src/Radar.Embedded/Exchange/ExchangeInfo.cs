using System.Text.Json;

namespace Radar.Embedded.Exchange;

/// <summary>The answer of <c>/api/v3/exchangeInfo</c>: limits and symbols.</summary>
internal static class ExchangeInfo
{
    public static void Write(Utf8JsonWriter writer, ExchangeSettings settings, long now)
    {
        writer.WriteStartObject();
        writer.WriteString("timezone", "UTC");
        writer.WriteNumber("serverTime", now);
        writer.WriteStartArray("rateLimits");
        var minutes = settings.WeightWindowSeconds % 60 == 0;
        WriteLimit(writer, "REQUEST_WEIGHT", minutes ? "MINUTE" : "SECOND", settings.WeightWindowSeconds / (minutes ? 60 : 1), settings.WeightLimit);
        WriteLimit(writer, "RAW_REQUESTS", "MINUTE", 5, 300_000);
        writer.WriteEndArray();
        writer.WriteStartArray("exchangeFilters");
        writer.WriteEndArray();
        writer.WriteStartArray("symbols");
        foreach (var symbol in settings.Symbols)
        {
            var quote = symbol.EndsWith("USDT", StringComparison.Ordinal) ? "USDT" : symbol[^3..];
            writer.WriteStartObject();
            writer.WriteString("symbol", symbol);
            writer.WriteString("status", "TRADING");
            writer.WriteString("baseAsset", symbol[..^quote.Length]);
            writer.WriteNumber("baseAssetPrecision", 8);
            writer.WriteString("quoteAsset", quote);
            writer.WriteNumber("quotePrecision", 8);
            writer.WriteNumber("quoteAssetPrecision", 8);
            writer.WriteBoolean("isSpotTradingAllowed", true);
            writer.WriteStartArray("filters");
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteLimit(Utf8JsonWriter writer, string type, string interval, int count, int limit)
    {
        writer.WriteStartObject();
        writer.WriteString("rateLimitType", type);
        writer.WriteString("interval", interval);
        writer.WriteNumber("intervalNum", count);
        writer.WriteNumber("limit", limit);
        writer.WriteEndObject();
    }
}
