using Radar.Market.ClickHouse;
using Radar.Workers.Hosting;

namespace Radar.Workers.Sinking;

/// <summary>What a sink takes.</summary>
internal enum SinkStream
{
    /// <summary>Trades of several exchanges.</summary>
    Trades,

    /// <summary>Sides of order books.</summary>
    Depth,
}

/// <summary>Settings of a sink; the originals' environment names work too.</summary>
internal sealed record SinkOptions
{
    /// <summary>What it takes.</summary>
    public required SinkStream Stream { get; init; }

    /// <summary>Radar:Kafka:BootstrapServers (or KAFKA_BROKER). The default is localhost:9092.</summary>
    public required string BootstrapServers { get; init; }

    /// <summary>Radar:Topics:Trades or Radar:Topics:Depths (or KAFKA_TOPIC). The default is radar_trades or radar_depths.</summary>
    public required string Topic { get; init; }

    /// <summary>Partitions of a topic that is made (Radar:Topics:Partitions or KAFKA_NUM_PARTITIONS). The default is 3.</summary>
    public int Partitions { get; init; } = 3;

    /// <summary>Whether a topic with fewer partitions gets more: where their number is set, it is meant.</summary>
    public bool RaisePartitions { get; init; }

    /// <summary>Consumer group (Radar:Sinks:TradesGroup or Radar:Sinks:DepthGroup, or KAFKA_GROUP_ID).</summary>
    public required string Group { get; init; }

    /// <summary>The server.</summary>
    public required ClickHouseOptions ClickHouse { get; init; }

    /// <summary>The table.</summary>
    public required TableDefinition Table { get; init; }

    /// <summary>How order books lie in it (Radar:Sinks:DepthFormat: array or flat). The default is array.</summary>
    public DepthFormat Format { get; init; }

    /// <summary>Most rows of a batch (Radar:Sinks:BatchRows or BATCH_SIZE). The default is 50,000.</summary>
    public int BatchRows { get; init; } = 50_000;

    /// <summary>Most bytes of a batch, read or to be written (Radar:Sinks:BatchBytes). The default is 16 MiB.</summary>
    public int BatchBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Greatest age of a batch, from its first record on (Radar:Sinks:BatchAge, seconds, or BATCH_TIMEOUT_SECONDS). The default is 1 second.</summary>
    public TimeSpan BatchAge { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// After this silence a sink's partitions go to others (Radar:Sinks:SessionTimeout, seconds): a supervised restart must be quicker, so that nothing
    /// moves. The default is 30 seconds.
    /// </summary>
    public TimeSpan SessionTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Whether equal trades of one second are counted, each after the first getting an id of its own (Radar:Sinks:CountEqualTrades), as far as one process reads
    /// them from one partition. The default is no, as in the original: ids would no longer be those of the original.
    /// </summary>
    public bool CountEqualTrades { get; init; }

    /// <summary>Topic of what could not be stored (Radar:Topics:DeadLetters). The default is radar_dead_letters.</summary>
    public string DeadLetters { get; init; } = "radar_dead_letters";

    /// <summary>How long the end waits for the last batch (Radar:Sinks:FlushWithin, seconds). The default is 5 seconds.</summary>
    public TimeSpan FlushWithin { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often it is asked whether the topic still is the same; no setting.</summary>
    public TimeSpan LookEvery { get; init; } = TimeSpan.FromSeconds(10);

    public static SinkOptions Read(SinkStream stream, SettingsReader settings)
    {
        var trades = stream == SinkStream.Trades;
        var server = settings.Section(ClickHouseOptions.Read, new ClickHouseOptions());
        var format = settings.Read(
            "Radar:Sinks:DepthFormat", DepthFormat.Array,
            text => text switch { "array" => DepthFormat.Array, "flat" => DepthFormat.Flat, _ => throw new FormatException() }, "use array or flat");
        var retention = settings.Text("Radar:Sinks:TradesRetentionDays") is null ? (int?)null : settings.Number("Radar:Sinks:TradesRetentionDays", 90, 1, 36_500);
        var name = new TableName(server.Database, settings.Text("CLICKHOUSE_TABLE") ?? (trades ? TradesTable.DefaultName : DepthTable.DefaultName));
        return new SinkOptions
        {
            Stream = stream,
            BootstrapServers = settings.Text("Radar:Kafka:BootstrapServers") ?? settings.Text("KAFKA_BROKER") ?? "localhost:9092",
            Topic = settings.Text(trades ? "Radar:Topics:Trades" : "Radar:Topics:Depths") ?? settings.Text("KAFKA_TOPIC") ?? (trades ? "radar_trades" : "radar_depths"),
            Partitions = settings.Number(settings.Text("Radar:Topics:Partitions") is null ? "KAFKA_NUM_PARTITIONS" : "Radar:Topics:Partitions", 3, 1, 10_000),
            RaisePartitions = (settings.Text("Radar:Topics:Partitions") ?? settings.Text("KAFKA_NUM_PARTITIONS")) is not null,
            Group = settings.Text(trades ? "Radar:Sinks:TradesGroup" : "Radar:Sinks:DepthGroup") ?? settings.Text("KAFKA_GROUP_ID")
                ?? (trades ? "clickhouse-trades-consumers-v1" : "clickhouse-depth-consumers-v1"),
            ClickHouse = server,
            Format = format,
            Table = trades ? TradesTable.Define(name, retention) : DepthTable.Define(name, format),
            BatchRows = settings.Number(settings.Text("Radar:Sinks:BatchRows") is null ? "BATCH_SIZE" : "Radar:Sinks:BatchRows", 50_000, 1, 1_000_000),
            BatchBytes = settings.Number("Radar:Sinks:BatchBytes", 16 * 1024 * 1024, 64 * 1024, 512 * 1024 * 1024),
            BatchAge = settings.Seconds(settings.Text("Radar:Sinks:BatchAge") is null ? "BATCH_TIMEOUT_SECONDS" : "Radar:Sinks:BatchAge", 1, 0.01, 60),
            SessionTimeout = settings.Seconds("Radar:Sinks:SessionTimeout", 30, 6, 300),
            CountEqualTrades = settings.Read("Radar:Sinks:CountEqualTrades", false, bool.Parse, "use true or false"),
            DeadLetters = settings.Text("Radar:Topics:DeadLetters") ?? "radar_dead_letters",
            FlushWithin = settings.Seconds("Radar:Sinks:FlushWithin", 5, 0, 600),
        };
    }
}
