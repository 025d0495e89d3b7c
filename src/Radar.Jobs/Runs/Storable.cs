using System.Text;
using System.Text.RegularExpressions;

namespace Radar.Jobs.Runs;

/// <summary>What bodies say, as PostgreSQL can store it: it takes neither a zero character nor half a surrogate pair.</summary>
internal static partial class Storable
{
    /// <summary>The text without zero characters; a lone surrogate becomes the replacement character.</summary>
    public static string Text(string text) => text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF') || text.Contains('\0', StringComparison.Ordinal)
        ? Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text.Replace("\0", "", StringComparison.Ordinal)))
        : text;

    /// <summary>The JSON without the escape of a zero character.</summary>
    public static string Json(string json) =>
        json.Contains(@"\u0000", StringComparison.Ordinal) ? EscapedZero().Replace(json, "$1") : json;

    // An even number of backslashes before it are backslashes; only after those the escape begins.
    [GeneratedRegex(@"(?<!\\)((?:\\\\)*)\\u0000")]
    private static partial Regex EscapedZero();
}
