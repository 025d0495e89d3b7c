using System.Buffers.Text;
using System.Text.Json;
using Radar.Market;

namespace Radar.Embedded.Exchange;

/// <summary>Writes candles as Binance does: arrays of 12, prices as strings of 8 decimals.</summary>
internal static class KlineWriter
{
    /// <summary>Writes one candle; the exchange knows everything of it, so what a dump does not tell is 0.</summary>
    public static void Write(Utf8JsonWriter writer, Candle candle)
    {
        writer.WriteStartArray();
        writer.WriteNumberValue(candle.OpenTime);
        Real(writer, candle.Open);
        Real(writer, candle.High);
        Real(writer, candle.Low);
        Real(writer, candle.Close);
        Real(writer, candle.Volume);
        writer.WriteNumberValue(candle.CloseTime);
        Real(writer, candle.QuoteVolume);
        writer.WriteNumberValue(candle.Trades ?? 0);
        Real(writer, candle.TakerBase);
        Real(writer, candle.TakerQuote);
        writer.WriteStringValue("0"u8);
        writer.WriteEndArray();
    }

    /// <summary>The same candle while it is still open: what had happened by a share of its minute.</summary>
    public static Candle Open(Candle candle, double share)
    {
        var close = Math.Round(candle.Open + ((candle.Close - candle.Open) * share), 2);
        return candle with
        {
            High = Math.Max(candle.Open, close),
            Low = Math.Min(candle.Open, close),
            Close = close,
            Volume = Math.Round(candle.Volume * share, 5),
            CloseTime = candle.OpenTime + 59_999,
            QuoteVolume = Math.Round(candle.QuoteVolume * share, 8),
            Trades = (long?)(candle.Trades * share),
            TakerBase = Math.Round(candle.TakerBase * share, 5),
            TakerQuote = Math.Round(candle.TakerQuote * share, 8),
        };
    }

    private static void Real(Utf8JsonWriter writer, double value)
    {
        value = double.IsNaN(value) ? 0 : value;
        Span<byte> text = stackalloc byte[64];
        Utf8Formatter.TryFormat(value, text, out var length, new System.Buffers.StandardFormat('F', 8));
        writer.WriteStringValue(text[..length]);
    }
}
