using System.Globalization;
using System.Text;

namespace Radar.Embedded.Exchange.Wallex;

/// <summary>One side of a made-up order book. It moves a little each time it is asked.</summary>
internal sealed class SimulatedBook(string symbol, string kind, double price, int decimals, int levels, int seed)
{
    private readonly Random _random = new(unchecked((seed * 31) + Stable(symbol + kind)));
    private readonly bool _quantityFirst = Stable(symbol) % 2 == 0; // The order of keys varies, as in life.
    private double _price = price;

    /// <summary>The next snapshot of this side, best level first.</summary>
    public WallexFrame Next()
    {
        _price *= 1 + ((_random.NextDouble() - 0.5) * 0.002);
        var step = Math.Max(Math.Pow(10, -decimals), Math.Round(_price * 0.0002, decimals));
        var away = kind == WallexFrame.BuyDepth ? -step : step;
        var text = new StringBuilder(levels * 64).Append('[');
        for (var level = 1; level <= levels; level++)
        {
            var at = Math.Round(_price + (away * level), decimals);
            var quantity = Math.Round(0.0001 + (_random.NextDouble() * 300 / Math.Max(1, at / 1_000)), 6);
            var sum = Math.Round(at * quantity, 8);
            var (first, second) = ($"\"price\":{Number(at)}", $"\"quantity\":{Number(quantity)}");
            (first, second) = _quantityFirst ? (second, first) : (first, second);
            text.Append(level == 1 ? "{" : ",{").Append(first).Append(',').Append(second).Append(",\"sum\":").Append(Number(sum)).Append('}');
        }
        return WallexFrame.Of($"{symbol}@{kind}", Encoding.UTF8.GetBytes(text.Append(']').ToString()));
    }

    /// <summary>A hash of a text that is the same in every process.</summary>
    public static int Stable(string text) => text.Aggregate(17, (hash, letter) => unchecked((hash * 31) + letter)) & int.MaxValue;

    private static string Number(double value) => ((decimal)value).ToString("0.################", CultureInfo.InvariantCulture);
}
