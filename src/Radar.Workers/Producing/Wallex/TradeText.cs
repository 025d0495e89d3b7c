using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Radar.Workers.Producing.Wallex;

/// <summary>A trade in the texts that its id is made of.</summary>
/// <param name="Second">Its time, whole seconds since 1970, UTC.</param>
/// <param name="Timestamp">The same as text.</param>
/// <param name="Price">Price.</param>
/// <param name="Quantity">Quantity.</param>
/// <param name="IsBuyOrder">Side.</param>
internal readonly record struct TradeText(long Second, string Timestamp, string Price, string Quantity, bool IsBuyOrder)
{
    // What is told of another age is no trade's time, and times are reckoned with.
    private const int FirstYear = 2000, LastYear = 2200;

    /// <summary>What is the same of one trade however its decimals are written.</summary>
    public TradeKey Key => new(Second, Decimals.Shorten(Price), Decimals.Shorten(Quantity), IsBuyOrder);

    /// <summary>Its time, UTC.</summary>
    public DateTimeOffset Time => DateTimeOffset.FromUnixTimeSeconds(Second);

    /// <summary>Reads a frame's data; null when it is no such trade.</summary>
    public static TradeText? Read(ReadOnlyMemory<byte> data)
    {
        try
        {
            using var document = JsonDocument.Parse(data);
            return Read(document.RootElement);
        }
        catch (Exception ex) when (ex is JsonException or InvalidOperationException) // The second: a text that is none, such as half of a surrogate pair.
        {
            return null;
        }
    }

    /// <summary>Reads a trade of REST or of a frame; null when it is none.</summary>
    public static TradeText? Read(JsonElement trade) =>
        trade.ValueKind == JsonValueKind.Object
        && Text(trade, "timestamp") is { } timestamp && Text(trade, "price") is { } price && Text(trade, "quantity") is { } quantity
        && DateTimeOffset.TryParse(timestamp, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
        && time.Year is >= FirstYear and <= LastYear
            ? new TradeText(
                time.ToUnixTimeSeconds(), timestamp, price, quantity, trade.TryGetProperty("isBuyOrder", out var buys) && buys.ValueKind == JsonValueKind.True)
            : null;

    /// <summary>The frame that a socket of the first protocol would have said.</summary>
    public byte[] Frame(string symbol) => Encoding.UTF8.GetBytes(
        $$"""["{{symbol}}@trade",{"isBuyOrder":{{(IsBuyOrder ? "true" : "false")}},"quantity":"{{Quantity}}","price":"{{Price}}","timestamp":"{{Timestamp}}"}]""");

    private static string? Text(JsonElement trade, string name) => trade.TryGetProperty(name, out var value) ? value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number => value.GetRawText(),
        _ => null,
    }
    : null;
}

/// <summary>What tells a trade from others, as far as anything does: two real trades that agree in all of it cannot be told apart.</summary>
internal readonly record struct TradeKey(long Second, string Price, string Quantity, bool IsBuyOrder);
