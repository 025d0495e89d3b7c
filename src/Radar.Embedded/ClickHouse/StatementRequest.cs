using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Radar.Embedded.ClickHouse;

/// <summary>What a request says besides its body.</summary>
internal sealed record StatementRequest
{
    // Of the HTTP interface rather than settings of the engine; those that change nothing here are let be.
    private static readonly HashSet<string> Reserved = new(StringComparer.Ordinal)
    {
        "query", "database", "default_format", "user", "password", "query_id", "quota_key", "buffer_size", "wait_end_of_query", "stacktrace",
        "send_progress_in_http_headers", "http_headers_progress_interval_ms", "client_protocol_version", "enable_http_compression",
        "http_zlib_compression_level", "close_session", "session_timeout", "session_check",
    };

    private static readonly string[] Refused = ["session_id", "compress", "decompress", "role"];

    /// <summary>The statement, or its beginning, as far as it stands in the URL.</summary>
    public required string Text { get; init; }

    /// <summary>Current database; null: default.</summary>
    public string? Database { get; init; }

    /// <summary>Format of result or rows where the statement names none.</summary>
    public string? Format { get; init; }

    /// <summary>The caller's name of the request, or one of ours.</summary>
    public required string Id { get; init; }

    /// <summary>GET: nothing may be changed.</summary>
    public bool OnlyReads { get; init; }

    /// <summary>Whether the result may be compressed.</summary>
    public bool Compress { get; init; }

    /// <summary>Settings of the statement.</summary>
    public required IReadOnlyDictionary<string, string> Settings { get; init; }

    /// <summary>Values of <c>{name:Type}</c> in the statement.</summary>
    public required IReadOnlyDictionary<string, string> Parameters { get; init; }

    /// <summary>Reads URL and headers.</summary>
    /// <exception cref="ChdbException">Something is asked for that this server lacks.</exception>
    public static StatementRequest Read(HttpRequest request)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal);
        var parameters = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, values) in request.Query)
        {
            var value = values[^1] ?? "";
            if (name.StartsWith("param_", StringComparison.Ordinal))
            {
                parameters[name["param_".Length..]] = value;
            }
            else if (Refused.Contains(name) && value is not ("" or "0"))
            {
                throw new ChdbException(48, "NOT_IMPLEMENTED", $"The embedded server has no {name}: leave it out, or use a ClickHouse server.");
            }
            else if (!Reserved.Contains(name) && !Refused.Contains(name))
            {
                settings[name] = value;
            }
        }
        return new StatementRequest
        {
            Text = Value(request, "query") ?? "",
            Database = Value(request, "database") ?? Header(request, "X-ClickHouse-Database"),
            Format = Value(request, "default_format") ?? Header(request, "X-ClickHouse-Format"),
            Id = Value(request, "query_id") ?? Guid.NewGuid().ToString(),
            OnlyReads = HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method),
            Compress = Value(request, "enable_http_compression") is "1" or "true",
            Settings = settings,
            Parameters = parameters,
        };
    }

    /// <summary>The statements that give a new session what the request asks for; null when that is nothing.</summary>
    public string? Preamble()
    {
        var text = new StringBuilder();
        if (Settings.Count > 0)
        {
            text.Append("SET ").AppendJoin(", ", Settings.Select(setting => $"{Quote(setting.Key, '`')} = {Quote(setting.Value, '\'')}"));
        }
        if (Database is { } database)
        {
            text.Append(text.Length > 0 ? "; " : "").Append(CultureInfo.InvariantCulture, $"USE {Quote(database, '`')}");
        }
        return text.Length > 0 ? text.ToString() : null;
    }

    private static string Quote(string text, char quote) =>
        quote + text.Replace("\\", @"\\", StringComparison.Ordinal).Replace(quote.ToString(), "\\" + quote, StringComparison.Ordinal) + quote;

    private static string? Value(HttpRequest request, string name) => request.Query[name] is [.., { Length: > 0 } value] ? value : null;

    private static string? Header(HttpRequest request, string name) => request.Headers[name] is [{ Length: > 0 } value] ? value : null;
}
