using System.Text;
using System.Text.Json;
using Radar.Market.ClickHouse;
using Radar.Workers.Sinking.Trades;

namespace Radar.Workers.Sinking;

/// <summary>
/// Rows of order books, such as <c>["USDTTMN@sellDepth",[{"quantity":255.75,"price":82131,"sum":21005003.25}]]</c>. A row's time is the record's, not the
/// clock's: read again, it gives the same row.
/// </summary>
internal sealed class DepthParser(DepthFormat format) : IRecordParser
{
    private const int MostLevels = 255; // The column that counts them is of one byte.
    private readonly double[] _prices = new double[MostLevels];
    private readonly double[] _quantities = new double[MostLevels];
    private readonly double[] _sums = new double[MostLevels];

    public string? Parse(ReadOnlyMemory<byte> value, long timestamp, int partition, RowBinaryBatch rows)
    {
        try
        {
            using var document = TradeParser.First(value.Span) == 0 ? null : JsonDocument.Parse(value, Json.DocumentOptions);
            return document is null ? "an empty value" : Parse(document.RootElement, timestamp, rows);
        }
        catch (Exception wrong) when (wrong is JsonException or FormatException or InvalidOperationException)
        {
            return wrong.Message;
        }
    }

    public void Forget(int partition)
    {
    }

    private string? Parse(JsonElement message, long timestamp, RowBinaryBatch rows)
    {
        if (message.ValueKind == JsonValueKind.Object)
        {
            // The greeting of a socket.
            return message.TryGetProperty("pingInterval", out _) || message.TryGetProperty("sid", out _) ? null : "an object that is no order book";
        }
        if (message.ValueKind != JsonValueKind.Array || message.GetArrayLength() < 2 || message[0].ValueKind != JsonValueKind.String)
        {
            return "no array of a channel and levels";
        }
        var channel = message[0].GetString()!;
        var at = channel.IndexOf('@', StringComparison.Ordinal);
        var (symbol, kind) = at < 0 ? (channel, "") : (channel[..at], channel[(at + 1)..]);
        if (symbol.Length == 0)
        {
            return "a channel without a market";
        }
        if (message[1].ValueKind != JsonValueKind.Array)
        {
            return $"levels of {symbol} that are no array";
        }
        var levels = message[1].GetArrayLength();
        if (levels > MostLevels)
        {
            return $"{levels} levels, which are more than {MostLevels}";
        }
        var level = 0;
        foreach (var one in message[1].EnumerateArray())
        {
            if (one.ValueKind != JsonValueKind.Object)
            {
                return $"level {level}, which is no object";
            }
            _prices[level] = Number(one, "price", level, null);
            _quantities[level] = Number(one, "quantity", level, null);
            _sums[level] = Number(one, "sum", level, 0);
            level++;
        }
        DepthTable.Write(rows, format, new DepthRow
        {
            Timestamp = timestamp,
            Exchange = "wallex"u8,
            Symbol = Encoding.UTF8.GetBytes(symbol),
            Side = kind.Contains("sell", StringComparison.OrdinalIgnoreCase) ? "sell"u8 : kind.Contains("buy", StringComparison.OrdinalIgnoreCase) ? "buy"u8 : "unknown"u8,
            Prices = _prices.AsSpan(0, levels),
            Quantities = _quantities.AsSpan(0, levels),
            Sums = _sums.AsSpan(0, levels),
        });
        return null;
    }

    private static double Number(JsonElement level, string name, int number, double? otherwise)
    {
        if (!level.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return otherwise ?? throw new FormatException($"level {number} without {name}");
        }
        var text = value.ValueKind == JsonValueKind.String ? Encoding.UTF8.GetBytes(value.GetString()!) : Encoding.UTF8.GetBytes(value.GetRawText());
        return value.ValueKind is JsonValueKind.String or JsonValueKind.Number && DecimalText.TryRead(text, out var read) && read.ToDouble() is var parsed && double.IsFinite(parsed)
            ? parsed
            : throw new FormatException($"level {number} with a {name} of {Json.Quote(value)}");
    }
}
