using Confluent.Kafka;

namespace Radar.Embedded.Tests.Kafka;

/// <summary>A producer and a consumer that stay connected to one bootstrap address whatever happens to the broker behind it.</summary>
internal sealed class BrokerClient : IDisposable
{
    private readonly IProducer<Null, string> _producer;
    private readonly IConsumer<Null, string> _consumer;

    public BrokerClient(string bootstrapServers)
    {
        _producer = new ProducerBuilder<Null, string>(new ProducerConfig
        {
            BootstrapServers = bootstrapServers,
            MessageTimeoutMs = 2_000,
            ReconnectBackoffMaxMs = 500,
        }).SetLogHandler((_, _) => { }).Build();
        _consumer = new ConsumerBuilder<Null, string>(new ConsumerConfig
        {
            BootstrapServers = bootstrapServers,
            GroupId = "tests",
            AutoOffsetReset = AutoOffsetReset.Earliest,
            ReconnectBackoffMaxMs = 500,
        }).SetLogHandler((_, _) => { }).Build();
        _consumer.Assign(new TopicPartitionOffset("BTCUSDT", 0, Offset.Beginning));
    }

    /// <summary>Whether the broker acknowledged it.</summary>
    public async Task<bool> ProducesAsync(string value)
    {
        try
        {
            return (await _producer.ProduceAsync("BTCUSDT", new Message<Null, string> { Value = value })).Status == PersistenceStatus.Persisted;
        }
        catch (KafkaException)
        {
            return false;
        }
    }

    /// <summary>Whether it comes out, among whatever else.</summary>
    public bool Receives(string value)
    {
        try
        {
            return _consumer.Consume(TimeSpan.FromSeconds(1))?.Message.Value == value;
        }
        catch (ConsumeException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        _consumer.Dispose();
        _producer.Dispose();
    }
}
