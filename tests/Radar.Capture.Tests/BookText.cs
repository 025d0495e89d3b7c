using System.Globalization;
using System.Text.Json;

namespace Radar.Capture.Tests;

/// <summary>The levels of a book as a text that is the same of the same numbers, whoever wrote them: price, quantity and sum of each.</summary>
internal static class BookText
{
    /// <summary>ClickHouse's columns in the same way, but for how it writes numbers.</summary>
    public const string Columns = "arrayStringConcat(arrayMap((p, q, s) -> concat(toString(p), ',', toString(q), ',', toString(s)), prices, quantities, sums), ';')";

    /// <summary>Of a frame's second element.</summary>
    public static string Of(JsonElement levels) => string.Join(';', levels.EnumerateArray().Select(level => FormattableString.Invariant(
        $"{level.GetProperty("price").GetDouble():R},{level.GetProperty("quantity").GetDouble():R},{level.GetProperty("sum").GetDouble():R}")));

    /// <summary>Of what <see cref="Columns"/> gave.</summary>
    public static string Of(string columns) => string.Join(';', columns.Split(';').Select(level => string.Join(',', level.Split(',').Select(
        number => double.Parse(number, CultureInfo.InvariantCulture).ToString("R", CultureInfo.InvariantCulture)))));
}

/// <summary>A row of <c>trades.orderbook_depth</c>.</summary>
internal sealed record BookRow(string Symbol, string Side, long At, string Levels);
