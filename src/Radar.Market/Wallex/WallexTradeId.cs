using System.Security.Cryptography;
using System.Text;

namespace Radar.Market.Wallex;

/// <summary>The id that a Wallex trade gets: the exchange gives none, so it is made of what the trade says.</summary>
public static class WallexTradeId
{
    /// <summary>
    /// Lower-case hex SHA-1 of <c>wallex-{symbol}-{timestamp}-{price}-{quantity}-{side}</c>, with the texts exactly as the message has them. Two trades
    /// that agree in all of it have one id.
    /// </summary>
    public static string Of(string symbol, string timestamp, string price, string quantity, bool isBuyOrder)
    {
        var text = $"wallex-{symbol}-{timestamp}-{price}-{quantity}-{(isBuyOrder ? "buy" : "sell")}";
#pragma warning disable CA5350 // It names, it does not protect; stored ids are made this way.
        return Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes(text)));
#pragma warning restore CA5350
    }
}
