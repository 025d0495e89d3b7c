namespace Radar.Embedded.Exchange.Wallex;

/// <summary>Names of made-up markets: those of Wallex first, in toman and in USDT, then numbered ones.</summary>
internal static class MarketNames
{
    private static readonly string[] Coins =
    [
        "BTC", "ETH", "TRX", "DOGE", "XRP", "ADA", "SHIB", "LTC", "BNB", "SOL", "DOT", "TON", "LINK", "UNI", "AVAX", "MATIC", "ATOM", "FTM", "NEAR",
        "ETC", "XLM", "BCH", "ALGO", "MANA", "SAND", "AXS", "GALA", "CHZ", "ENJ", "BAT", "AAVE", "COMP", "SUSHI", "CAKE", "1INCH", "CRV", "SNX", "MKR",
        "YFI", "ZRX", "EOS", "XMR", "FIL", "ICP", "HBAR", "APT", "ARB", "OP", "PEPE", "FLOKI", "NOT", "DAI", "PAXG", "GRT", "LDO", "IMX", "QNT", "VET",
    ];

    /// <summary>So many of them, in ordinal order.</summary>
    public static string[] Take(int count) =>
        [.. Coins.SelectMany(coin => (string[])[coin + "TMN", coin + "USDT"]).Prepend("USDTTMN")
            .Concat(Enumerable.Range(1, Math.Max(0, count)).Select(number => $"COIN{number:0000}USDT"))
            .Take(count).Order(StringComparer.Ordinal)];
}
