using System.Globalization;
using System.Security.Cryptography;
using Confluent.Kafka;

namespace Radar.Market.Topics;

/// <summary>The topic of dead letters, as an operator reads it and sends records back from it.</summary>
/// <param name="bootstrapServers">The broker.</param>
/// <param name="topic">The topic of dead letters.</param>
public sealed class DeadLetterTopic(string bootstrapServers, string topic)
{
    /// <summary>Header of a record that was sent back: where the dead letter came from, such as radar_trades/0/42.</summary>
    public const string ReplayOf = "radar-replay-of";

    private const int LargestValue = 64 * 1024 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Every dead letter that is there now, oldest first of each partition; nothing where there is no such topic.</summary>
    /// <param name="progress">Told how many were read, and of how many.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="BrokerException">The broker does not answer.</exception>
    public IEnumerable<DeadLetter> Read(Action<long, long> progress, CancellationToken cancellationToken)
    {
        using var consumer = Consumer();
        long read = 0;
        var ends = Ends();
        var all = ends.Sum(end => end.To - end.From);
        foreach (var (partition, from, to) in ends.Where(end => end.To > end.From))
        {
            consumer.Assign(new TopicPartitionOffset(topic, partition, from));
            for (var next = from; next < to;)
            {
                if (Consume(consumer, cancellationToken) is not { } record)
                {
                    break; // The rest are no records but marks of transactions.
                }
                next = record.Offset.Value + 1;
                progress(++read, all);
                if (DeadLetter.Read(record.Message) is { } letter)
                {
                    yield return letter;
                }
            }
        }
    }

    /// <summary>The whole value of a dead letter: its own, or, where that was too long to be kept, what its origin has.</summary>
    /// <exception cref="InvalidOperationException">The origin does not have it any more.</exception>
    /// <exception cref="BrokerException">The broker does not answer.</exception>
    public byte[]? Whole(DeadLetter letter, CancellationToken cancellationToken)
    {
        if (letter.IsWhole)
        {
            return letter.Value;
        }
        using var consumer = Consumer();
        consumer.Assign(new TopicPartitionOffset(letter.Topic, letter.Partition, letter.Offset));
        var found = Consume(consumer, cancellationToken);
        return found?.Offset.Value == letter.Offset && Convert.ToHexStringLower(SHA256.HashData(found.Message.Value ?? [])) == letter.Sha256
            ? found.Message.Value
            : throw new InvalidOperationException(
                $"Dead letter {letter.Origin} is {letter.Length.ToString("N0", CultureInfo.InvariantCulture)} bytes long, of which the first {DeadLetter.KeptOfLonger / 1024} KB were kept, and topic "
                + $"{letter.Topic} does not have the record at that offset any more (retention, or the topic was made anew). With its value in a file: --value FILE.");
    }

    /// <summary>A producer that sends records back.</summary>
    public DeadLetterSender Sender() => new(bootstrapServers);

    private IReadOnlyList<(int Partition, long From, long To)> Ends()
    {
        try
        {
            using var admin = AdminClients.Create(bootstrapServers);
            var found = admin.GetMetadata(Patience).Topics.Find(one => one.Topic == topic);
            return PartitionEnds.Ask(admin, topic, [.. (found?.Partitions ?? []).Select(one => one.PartitionId).Order()], Patience);
        }
        catch (KafkaException silent)
        {
            throw AdminClients.Silent(bootstrapServers, silent);
        }
    }

    private ConsumeResult<byte[], byte[]>? Consume(IConsumer<byte[], byte[]> consumer, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(Patience * 3);
        try
        {
            return consumer.Consume(deadline.Token) is { IsPartitionEOF: false } record ? record : null;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw AdminClients.Silent(bootstrapServers, new KafkaException(ErrorCode.Local_TimedOut));
        }
        catch (ConsumeException refused)
        {
            throw new BrokerException($"{refused.ConsumerRecord?.TopicPartitionOffset} cannot be read at '{bootstrapServers}'", refused.Error, refused);
        }
    }

    private IConsumer<byte[], byte[]> Consumer() => new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig
    {
        BootstrapServers = bootstrapServers,
        GroupId = "radar-dead-letters", // Nothing is committed to it.
        ClientId = "radar-operator",
        EnableAutoCommit = false,
        EnablePartitionEof = true,
        AutoOffsetReset = AutoOffsetReset.Earliest,
        SocketConnectionSetupTimeoutMs = 5_000,
        ReceiveMessageMaxBytes = 2 * LargestValue,
        AllowAutoCreateTopics = false,
    })
    .SetErrorHandler((_, _) => { })
    .SetLogHandler((_, _) => { })
    .Build();
}
