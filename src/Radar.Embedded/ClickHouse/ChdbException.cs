using System.Globalization;

namespace Radar.Embedded.ClickHouse;

/// <summary>The engine refused a statement; the message is ClickHouse's own and begins with its code.</summary>
internal sealed class ChdbException(string message) : Exception(message)
{
    private const string Begin = "Code: ";

    /// <summary>The refusal of a statement by this server rather than by the engine, in the engine's words.</summary>
    public ChdbException(int code, string name, string text)
        : this(string.Create(CultureInfo.InvariantCulture, $"{Begin}{code}. DB::Exception: {text} ({name})"))
    {
    }

    /// <summary>ClickHouse's error code; 1002 (unknown) when the message has none.</summary>
    public int Code { get; } = Read(message);

    private static int Read(string message)
    {
        const int Unknown = 1002;
        if (!message.StartsWith(Begin, StringComparison.Ordinal))
        {
            return Unknown;
        }
        var digits = message.AsSpan(Begin.Length);
        var end = digits.IndexOfAnyExceptInRange('0', '9');
        return int.TryParse(end < 0 ? digits : digits[..end], NumberStyles.None, CultureInfo.InvariantCulture, out var code) ? code : Unknown;
    }
}
