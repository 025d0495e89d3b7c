using System.Text;
using Confluent.Kafka;

namespace Radar.Market.Topics;

/// <summary>Sends dead letters back to the partition they came from, with the time they had there.</summary>
public sealed class DeadLetterSender : IDisposable
{
    private const int LargestValue = 64 * 1024 * 1024;
    private readonly string _bootstrapServers;
    private readonly IProducer<Null, byte[]?> _producer;

    internal DeadLetterSender(string bootstrapServers)
    {
        _bootstrapServers = bootstrapServers;
        _producer = new ProducerBuilder<Null, byte[]?>(new ProducerConfig
        {
            BootstrapServers = bootstrapServers,
            ClientId = "radar-operator",
            EnableIdempotence = true,
            Acks = Acks.All,
            LingerMs = 5,
            MessageTimeoutMs = 30_000,
            MessageMaxBytes = LargestValue, // What its topic takes, it takes again; the broker has the last word.
            SocketConnectionSetupTimeoutMs = 5_000,
        })
        .SetErrorHandler((_, _) => { })
        .SetLogHandler((_, _) => { })
        .Build();
    }

    /// <summary>Done when the broker has it.</summary>
    /// <exception cref="BrokerException">It was not taken, or may have been (<see cref="BrokerException.MayHaveTaken"/>).</exception>
    public async Task SendAsync(DeadLetter letter, byte[]? value, CancellationToken cancellationToken)
    {
        try
        {
            await _producer.ProduceAsync(
                new TopicPartition(letter.Topic, letter.Partition),
                new Message<Null, byte[]?>
                {
                    Value = value,
                    Timestamp = new Timestamp(letter.Timestamp, TimestampType.CreateTime),
                    Headers = [new Header(DeadLetterTopic.ReplayOf, Encoding.UTF8.GetBytes(letter.Origin))],
                },
                cancellationToken).ConfigureAwait(false);
        }
        catch (KafkaException refused)
        {
            var undecided = refused is ProduceException<Null, byte[]?> { DeliveryResult.Status: not PersistenceStatus.NotPersisted };
            throw new BrokerException(
                $"Dead letter {letter.Origin} {(undecided ? "may have been taken or not" : "was not taken")} by topic '{letter.Topic}' at '{_bootstrapServers}'", refused.Error, refused)
            {
                MayHaveTaken = undecided,
            };
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _producer.Dispose();
}
