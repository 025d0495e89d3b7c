using System.Text.RegularExpressions;

namespace Radar.Market;

/// <summary>A market's symbol such as <c>BTCUSDT</c>. It becomes a table, a topic and a file name, so it is checked before any of that.</summary>
public static partial class Symbol
{
    /// <summary>Whether the text is 2 to 20 capital letters and digits.</summary>
    public static bool IsValid(string? symbol) => symbol is not null && Form().IsMatch(symbol);

    /// <summary>Returns the symbol unchanged.</summary>
    /// <exception cref="ArgumentException">It is not 2 to 20 capital letters and digits.</exception>
    public static string Check(string symbol) => IsValid(symbol)
        ? symbol
        : throw new ArgumentException($"'{symbol}' is not a symbol: use 2 to 20 capital letters and digits, such as BTCUSDT (Radar:Market:Symbols).");

    [GeneratedRegex(@"\A[A-Z0-9]{2,20}\z")]
    private static partial Regex Form();
}
