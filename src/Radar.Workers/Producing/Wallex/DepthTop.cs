using System.Globalization;
using System.Text.Json;

namespace Radar.Workers.Producing.Wallex;

/// <summary>The best level of one side.</summary>
internal readonly record struct DepthTop(decimal Price, decimal Quantity)
{
    /// <summary>Reads the first level; numbers may be texts. Null: there is none.</summary>
    /// <exception cref="FormatException">It is no order book.</exception>
    public static DepthTop? Read(JsonElement side)
    {
        if (side.ValueKind != JsonValueKind.Array)
        {
            throw new FormatException($"{side.ValueKind} where an array of levels was expected");
        }
        foreach (var level in side.EnumerateArray())
        {
            return new DepthTop(Number(level.GetProperty("price")), Number(level.GetProperty("quantity")));
        }
        return null;
    }

    private static decimal Number(JsonElement value) => decimal.Parse(
        value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText(), NumberStyles.Float, CultureInfo.InvariantCulture);
}
