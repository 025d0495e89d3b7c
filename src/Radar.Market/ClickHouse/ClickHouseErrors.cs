using System.Globalization;
using System.Net;

namespace Radar.Market.ClickHouse;

/// <summary>Makes typed errors of what servers answer.</summary>
internal static class ClickHouseErrors
{
    private const int TooManyParts = 252;
    private const int MaxText = 2_000;

    // Busy, full, stopping, cut off from its keeper or its disks.
    private static readonly HashSet<int> Transient =
    [
        159, 160, 173, 201, 202, 203, 209, 210, 225, 236, 241, 242, 243, 252, 285, 286, 289, 297, 298, 319, 394, 425, 439, 473, 499, 999,
    ];

    // Rows that cannot be read, or hold what their columns cannot.
    private static readonly HashSet<int> Rows =
    [
        6, 20, 25, 26, 27, 32, 33, 38, 41, 53, 69, 70, 72, 117, 128, 131, 261, 321, 349, 354, 407, 441, 469, 675, 676, 677, 678,
    ];

    /// <summary>The error of a refused request.</summary>
    /// <param name="status">HTTP status.</param>
    /// <param name="code">Header X-ClickHouse-Exception-Code; servers before 2019 have none.</param>
    /// <param name="body">What the server said.</param>
    /// <param name="server">Address, for people.</param>
    public static ClickHouseException Of(HttpStatusCode status, string? code, string body, Uri server)
    {
        var text = body.Trim();
        // A native port answers an HTTP request in plain words.
        if (text.Contains("is for clickhouse-client program", StringComparison.OrdinalIgnoreCase))
        {
            return NativePort(server);
        }
        var number = int.TryParse(code, NumberStyles.None, CultureInfo.InvariantCulture, out var given) ? given : CodeIn(text);
        text = text.Length > MaxText ? text[..MaxText] + "..." : text;
        return number != 0
            ? new ClickHouseException(FaultOf(number, text), number, text)
            : new ClickHouseException(FaultOf(status), 0, $"{server} answered {(int)status} {status}: {text}");
    }

    /// <summary>The error of an address where ClickHouse's native protocol is spoken.</summary>
    public static ClickHouseException NativePort(Uri server, Exception? cause = null) => new(
        ClickHouseFault.Setup, 0,
        $"{server} is ClickHouse's native port; Radar speaks HTTP: set {ClickHouseOptions.Section}:Url, or CLICKHOUSE_HTTP_PORT, to its HTTP port (8123 unless changed). " +
        "CLICKHOUSE_PORT, the originals' native port, is not used.",
        cause);

    private static ClickHouseFault FaultOf(int code, string text) => code switch
    {
        // The same code, but waiting does not help: the block has too many partitions of its own, fewer rows have fewer.
        TooManyParts when text.Contains("single INSERT block", StringComparison.Ordinal) => ClickHouseFault.Rows,
        _ when Transient.Contains(code) => ClickHouseFault.Transient,
        _ when Rows.Contains(code) => ClickHouseFault.Rows,
        _ => ClickHouseFault.Setup,
    };

    private static ClickHouseFault FaultOf(HttpStatusCode status) => status switch
    {
        HttpStatusCode.RequestEntityTooLarge => ClickHouseFault.Rows,
        HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests => ClickHouseFault.Transient,
        >= HttpStatusCode.InternalServerError => ClickHouseFault.Transient,
        _ => ClickHouseFault.Setup,
    };

    private static int CodeIn(string text)
    {
        const string Begin = "Code: ";
        if (!text.StartsWith(Begin, StringComparison.Ordinal))
        {
            return 0;
        }
        var digits = text.AsSpan(Begin.Length);
        var end = digits.IndexOfAnyExceptInRange('0', '9');
        return int.TryParse(end < 0 ? digits : digits[..end], NumberStyles.None, CultureInfo.InvariantCulture, out var code) ? code : 0;
    }
}
