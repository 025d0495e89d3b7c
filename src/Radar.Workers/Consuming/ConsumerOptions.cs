using Radar.Workers.Hosting;

namespace Radar.Workers.Consuming;

/// <summary>Settings of prediction consumers.</summary>
internal sealed record ConsumerOptions
{
    /// <summary>Brokers (Radar:Kafka:BootstrapServers, or the originals' KAFKA_BROKER or KAFKA_HOST).</summary>
    public required string BootstrapServers { get; init; }

    /// <summary>The model store (Radar:Models:Directory). The default is <c>models</c>.</summary>
    public required string ModelsDirectory { get; init; }

    /// <summary>Root of CSV files (Radar:Data:Directory). The default is the working directory.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>Folder of logs (Radar:Logs:Directory), where records that cannot be read are kept. The default is <c>logs</c>.</summary>
    public required string LogsDirectory { get; init; }

    /// <summary>
    /// How long the broker may hold back an answer when there is nothing new (Radar:Kafka:FetchWait, milliseconds). A real broker answers as soon as
    /// there is something; librdkafka's mock only when this time is over. The default is 500; <c>up</c> sets 50 for the mock.
    /// </summary>
    public required int FetchWaitMs { get; init; }

    public static ConsumerOptions Read(SettingsReader settings) => new()
    {
        BootstrapServers = settings.Needed("Radar:Kafka:BootstrapServers", "127.0.0.1:9092", "KAFKA_BROKER", "KAFKA_HOST"),
        ModelsDirectory = settings.Text("Radar:Models:Directory") ?? "models",
        DataDirectory = settings.Text("Radar:Data:Directory") ?? ".",
        LogsDirectory = settings.Text("Radar:Logs:Directory") ?? "logs",
        FetchWaitMs = settings.Number("Radar:Kafka:FetchWait", 500, 1, 10_000),
    };
}
