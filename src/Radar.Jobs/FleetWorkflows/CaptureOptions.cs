using Microsoft.Extensions.Configuration;

namespace Radar.Jobs.FleetWorkflows;

/// <summary>Which workers capture trades and order books. Keys are below <c>Radar:Capture</c> unless told otherwise.</summary>
public sealed class CaptureOptions
{
    /// <summary>Most sinks of a kind: each is a process.</summary>
    public const int MostSinks = 64;

    /// <summary>Whether start-fleet starts them at all; they need ClickHouse. The default is no.</summary>
    public bool Enabled { get; set; }

    /// <summary>Sinks of trades, unless <c>radar scale</c> asked for another number. The default is 3.</summary>
    public int TradesSinks { get; set; } = 3;

    /// <summary>Sinks of order books, unless <c>radar scale</c> asked for another number. The default is 2.</summary>
    public int DepthSinks { get; set; } = 2;

    /// <summary>Topic of trades. Key: <c>Radar:Topics:Trades</c>.</summary>
    public string TradesTopic { get; set; } = "radar_trades";

    /// <summary>Topic of order books. Key: <c>Radar:Topics:Depths</c>.</summary>
    public string DepthsTopic { get; set; } = "radar_depths";

    /// <summary>The broker, asked for partitions. Key: <c>Radar:Kafka:BootstrapServers</c>.</summary>
    public string BootstrapServers { get; set; } = "localhost:9092";

    internal static CaptureOptions From(IConfiguration configuration)
    {
        var options = new CaptureOptions();
        configuration.GetSection("Radar:Capture").Bind(options);
        options.TradesTopic = Text(configuration, "Radar:Topics:Trades") ?? options.TradesTopic;
        options.DepthsTopic = Text(configuration, "Radar:Topics:Depths") ?? options.DepthsTopic;
        options.BootstrapServers = Text(configuration, "Radar:Kafka:BootstrapServers") ?? Text(configuration, "KAFKA_BROKER") ?? options.BootstrapServers;
        return options;
    }

    private static string? Text(IConfiguration configuration, string key) => configuration[key] is { Length: > 0 } value ? value : null;
}
