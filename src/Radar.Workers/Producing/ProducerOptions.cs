using Radar.Market;
using Radar.Market.Binance;
using Radar.Workers.Hosting;

namespace Radar.Workers.Producing;

/// <summary>Settings of the candle producer.</summary>
internal sealed record ProducerOptions
{
    /// <summary>Markets (Radar:Market:Symbols, comma separated). The default is BTCUSDT.</summary>
    public required IReadOnlyList<string> Symbols { get; init; }

    /// <summary>Brokers (Radar:Kafka:BootstrapServers, or the originals' KAFKA_BROKER or KAFKA_HOST).</summary>
    public required string BootstrapServers { get; init; }

    /// <summary>The exchange (Radar:Exchange).</summary>
    public required ExchangeOptions Exchange { get; init; }

    /// <summary>Root of CSV files (Radar:Data:Directory). The default is the working directory.</summary>
    public required string DataDirectory { get; init; }

    public static ProducerOptions Read(SettingsReader settings) => new()
    {
        Symbols = settings.Read(
            "Radar:Market:Symbols",
            ["BTCUSDT"],
            text => (string[])[.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(Symbol.Check).Distinct()],
            "use symbols of 2 to 20 capital letters and digits with commas between, such as BTCUSDT,ETHUSDT"),
        BootstrapServers = settings.Needed("Radar:Kafka:BootstrapServers", "127.0.0.1:9092", "KAFKA_BROKER", "KAFKA_HOST"),
        Exchange = settings.Section(ExchangeOptions.Read, new ExchangeOptions()),
        DataDirectory = settings.Text("Radar:Data:Directory") ?? ".",
    };
}
