using System.Text;
using System.Text.Json;

namespace Radar.Workers.Sinking;

/// <summary>How records are read, and how what is wrong with them is told.</summary>
internal static class Json
{
    private const int MostQuoted = 60;

    /// <summary>Deeper than any dialect; what is deeper still is no message of theirs.</summary>
    public const int MaxDepth = 16;

    public static JsonReaderOptions Options { get; } = new() { MaxDepth = MaxDepth };

    public static JsonDocumentOptions DocumentOptions { get; } = new() { MaxDepth = MaxDepth };

    /// <summary>A kind of value in plain words.</summary>
    public static string Name(JsonTokenType token) => token switch
    {
        JsonTokenType.StartArray => "an array",
        JsonTokenType.StartObject => "an object",
        JsonTokenType.String => "no readable text",
        JsonTokenType.Number => "a number",
        JsonTokenType.True or JsonTokenType.False => "true or false",
        _ => "null",
    };

    /// <summary>A text for a person, cut short.</summary>
    public static string Quote(ReadOnlySpan<byte> text) => $"'{Encoding.UTF8.GetString(text[..Math.Min(text.Length, MostQuoted)])}'{(text.Length > MostQuoted ? "..." : "")}";

    /// <summary>The same of a value.</summary>
    public static string Quote(JsonElement value) => Quote(Encoding.UTF8.GetBytes(value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText()));
}
