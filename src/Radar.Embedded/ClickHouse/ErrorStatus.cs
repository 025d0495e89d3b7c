namespace Radar.Embedded.ClickHouse;

/// <summary>The HTTP status that ClickHouse gives with an error code.</summary>
internal static class ErrorStatus
{
    /// <summary>Status of a code.</summary>
    public static int Of(int code) => code switch
    {
        194 => 401, // A password is required.
        192 or 193 or 291 or 516 => 403, // Unknown user, wrong password.
        6 or 26 or 27 or 33 or 36 or 38 or 41 or 43 or 53 or 62 or 72 or 117 or 130 or 302 or 321 or 427 or 441 => 400, // Wrong text or rows.
        16 or 46 or 47 or 50 or 56 or 60 or 73 or 81 or 115 => 404, // Unknown column, function, type, table, engine, format, database, setting.
        159 => 408,
        381 => 411,
        229 => 413,
        48 => 501,
        202 or 209 or 439 => 503,
        _ => 500,
    };
}
