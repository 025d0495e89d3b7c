using System.Globalization;

namespace Radar.Embedded.Exchange.Wallex;

/// <summary>A made-up market's price, and how its trades are written.</summary>
internal sealed class SimulatedMarket
{
    /// <summary>Draws a market from its name.</summary>
    public SimulatedMarket(string symbol, int seed)
    {
        Symbol = symbol;
        var random = new Random(unchecked((seed * 31) + SimulatedBook.Stable(symbol)));
        var toman = symbol.EndsWith("TMN", StringComparison.Ordinal);
        Price = Math.Pow(10, toman ? 3 + (random.NextDouble() * 5) : random.NextDouble() * 4.5);
        Decimals = toman ? 0 : Price > 100 ? 2 : 5;
    }

    /// <summary>Its name.</summary>
    public string Symbol { get; }

    /// <summary>The last price.</summary>
    public double Price { get; set; }

    /// <summary>Decimal places of its prices.</summary>
    public int Decimals { get; }
}

/// <summary>Made-up trades: a walk of each market's price; one in fifty repeats the market's last trade, which makes two equal ones in a second likely.</summary>
internal sealed class SimulatedTrades(IReadOnlyList<SimulatedMarket> markets, WallexSettings settings)
{
    private readonly Random _random = new(settings.Seed);
    private readonly Dictionary<string, WallexTrade> _last = new(StringComparer.Ordinal);

    /// <summary>The next trade, made now.</summary>
    public WallexTrade Next(DateTimeOffset now)
    {
        var market = markets[_random.Next(markets.Count)];
        var timestamp = now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        var again = _random.Next(50) == 0;
        market.Price *= 1 + ((_random.NextDouble() - 0.5) * 0.001);
        var quantity = Math.Round(0.000001 + (Math.Pow(_random.NextDouble(), 4) * 1_000), 6);
        var buys = _random.Next(2) == 0;
        var trade = again && _last.TryGetValue(market.Symbol, out var last)
            ? last with { Timestamp = timestamp }
            : new WallexTrade(market.Symbol, timestamp, DecimalText(market.Price, market.Decimals), DecimalText(quantity, 6), buys);
        _last[market.Symbol] = trade;
        return trade;
    }

    private string DecimalText(double value, int decimals)
    {
        var rounded = Math.Max((decimal)Math.Round(value, decimals), (decimal)Math.Pow(10, -decimals));
        return DecimalTexts.Write(rounded, settings.Padded);
    }
}

/// <summary>The two ways in which decimals are written.</summary>
internal static class DecimalTexts
{
    /// <summary>Filled up to 16 places, or as short as can be.</summary>
    public static string Write(decimal value, bool padded) =>
        value.ToString(padded ? "0.0000000000000000" : "0.################", CultureInfo.InvariantCulture);
}
