using Confluent.Kafka;

namespace Radar.Market.Topics;

/// <summary>Short-lived clients that ask the broker about itself.</summary>
internal static class AdminClients
{
    public static IAdminClient Create(string bootstrapServers) => new AdminClientBuilder(new AdminClientConfig
    {
        BootstrapServers = bootstrapServers,
        ClientId = "radar-admin",
        SocketConnectionSetupTimeoutMs = 5_000,
        ReconnectBackoffMaxMs = 1_000,
    })
    .SetErrorHandler((_, _) => { })
    .SetLogHandler((_, _) => { })
    .Build();

    public static BrokerException Silent(string bootstrapServers, KafkaException cause) =>
        new($"No answer from the Kafka broker '{bootstrapServers}'. Check that it runs and that Radar:Kafka:BootstrapServers is right", cause.Error, cause);
}
