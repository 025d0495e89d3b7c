using System.Globalization;
using Radar.Market;
using Radar.Workers.Hosting;

namespace Radar.Workers.Producing;

/// <summary>Settings of the candle producer.</summary>
internal sealed record ProducerOptions
{
    /// <summary>Markets (Radar:Market:Symbols, comma separated). The default is BTCUSDT.</summary>
    public required IReadOnlyList<string> Symbols { get; init; }

    /// <summary>Brokers (Radar:Kafka:BootstrapServers, or the original's KAFKA_HOST).</summary>
    public required string BootstrapServers { get; init; }

    /// <summary>The exchange (Radar:Exchange:BaseUrl). The default is Binance's host for public market data.</summary>
    public required Uri BaseUrl { get; init; }

    /// <summary>How fast the exchange's clock runs (Radar:Exchange:Clock): 1, a number, or <c>max</c>. The default is 1.</summary>
    public required string Clock { get; init; }

    /// <summary>Where an empty candle table begins, milliseconds UTC (Radar:Exchange:From); null: 3 days before the exchange's time.</summary>
    public required long? From { get; init; }

    /// <summary>Candles a call (Radar:Exchange:PageSize). The default is 1000.</summary>
    public required int PageSize { get; init; }

    /// <summary>Root of CSV files (Radar:Data:Directory). The default is the working directory.</summary>
    public required string DataDirectory { get; init; }

    public static ProducerOptions Read(SettingsReader settings) => new()
    {
        Symbols = settings.Read(
            "Radar:Market:Symbols",
            ["BTCUSDT"],
            text => (string[])[.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(Symbol.Check).Distinct()],
            "use symbols of 2 to 20 capital letters and digits with commas between, such as BTCUSDT,ETHUSDT"),
        BootstrapServers = settings.Needed("Radar:Kafka:BootstrapServers", "127.0.0.1:9092", "KAFKA_HOST"),
        BaseUrl = settings.Read(
            "Radar:Exchange:BaseUrl",
            new Uri("https://data-api.binance.vision"),
            text => Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? url : throw new FormatException(),
            "use an address such as https://data-api.binance.vision"),
        Clock = settings.Read(
            "Radar:Exchange:Clock",
            "1",
            text => text == "max" || (double.TryParse(text, CultureInfo.InvariantCulture, out var speed) && speed > 0) ? text : throw new FormatException(),
            "use 1, a number such as 60, or max"),
        From = settings.Read<long?>(
            "Radar:Exchange:From",
            null,
            text => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal).ToUnixTimeMilliseconds(),
            "use a time such as 2023-03-20 or 2023-03-20T12:00:00, UTC"),
        PageSize = settings.Number("Radar:Exchange:PageSize", 1000, 1, 1000),
        DataDirectory = settings.Text("Radar:Data:Directory") ?? ".",
    };
}
