using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace Radar.Market.ClickHouse;

/// <summary>Settings below <c>Radar:ClickHouse</c>; the originals' environment names work too.</summary>
public sealed record ClickHouseOptions
{
    /// <summary>Section they are bound from.</summary>
    public const string Section = "Radar:ClickHouse";

    /// <summary>The server's HTTP interface (or CLICKHOUSE_HOST and CLICKHOUSE_HTTP_PORT). The default is http://127.0.0.1:8123.</summary>
    public Uri Url { get; init; } = new("http://127.0.0.1:8123");

    /// <summary>User (or CLICKHOUSE_USER). The default is default.</summary>
    public string User { get; init; } = "default";

    /// <summary>The user's password (or CLICKHOUSE_PASSWORD). The default is none.</summary>
    public string Password { get; init; } = "";

    /// <summary>Database of Radar's tables (or CLICKHOUSE_DB). The default is trades.</summary>
    public string Database { get; init; } = "trades";

    /// <summary>
    /// After this a request counts as lost: below Kafka's max.poll.interval of 300 seconds, so that a sink never loses its partitions over
    /// an insert that hangs. The default is 60 seconds.
    /// </summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Whether batches are sent packed with gzip. The default is yes, but not to a server on this machine.</summary>
    public bool Compress { get; init; }

    /// <summary>Reads and checks the settings.</summary>
    /// <exception cref="ArgumentException">Lists every setting that is wrong, with its value and the fix.</exception>
    public static ClickHouseOptions Read(IConfiguration configuration)
    {
        var section = configuration.GetSection(Section);
        var problems = new List<string>();
        var defaults = new ClickHouseOptions();
        var url = ReadUrl(configuration, problems) ?? defaults.Url;
        var options = new ClickHouseOptions
        {
            Url = url,
            User = Text(section["User"]) ?? Text(configuration["CLICKHOUSE_USER"]) ?? defaults.User,
            Password = Text(section["Password"]) ?? Text(configuration["CLICKHOUSE_PASSWORD"]) ?? defaults.Password,
            Database = Text(section["Database"]) ?? Text(configuration["CLICKHOUSE_DB"]) ?? defaults.Database,
            Timeout = ReadTimeout(section["Timeout"], problems) ?? defaults.Timeout,
            Compress = ReadCompression(section["Compression"], problems) ?? !url.IsLoopback,
        };
        return problems.Count == 0 ? options : throw new ArgumentException(string.Join(Environment.NewLine, problems));
    }

    private static Uri? ReadUrl(IConfiguration configuration, List<string> problems)
    {
        var (setting, text) = (Section + ":Url", Text(configuration[Section + ":Url"]));
        if (text is null && Text(configuration["CLICKHOUSE_HOST"]) is { } host)
        {
            (setting, text) = ("CLICKHOUSE_HOST with CLICKHOUSE_HTTP_PORT", $"http://{host}:{Text(configuration["CLICKHOUSE_HTTP_PORT"]) ?? "8123"}");
        }
        if (text is null || (Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"))
        {
            return text is null ? null : new Uri(text);
        }
        problems.Add($"{setting} is '{text}': set it to the address of ClickHouse's HTTP interface, such as http://127.0.0.1:8123.");
        return null;
    }

    private static TimeSpan? ReadTimeout(string? text, List<string> problems)
    {
        if (Text(text) is null)
        {
            return null;
        }
        if (double.TryParse(text, CultureInfo.InvariantCulture, out var seconds) && seconds is > 0 and <= 86_400)
        {
            return TimeSpan.FromSeconds(seconds);
        }
        problems.Add($"{Section}:Timeout is '{text}': set it to seconds, above 0 and at most 86400.");
        return null;
    }

    private static bool? ReadCompression(string? text, List<string> problems)
    {
        switch (Text(text)?.ToLowerInvariant())
        {
            case null:
                return null;
            case "none":
                return false;
            case "gzip":
                return true;
            default:
                problems.Add($"{Section}:Compression is '{text}': set it to none or gzip.");
                return null;
        }
    }

    private static string? Text(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();
}
