using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Radar.Market.Topics;

/// <summary>Makes sure that a topic is there.</summary>
public static class TopicSetup
{
    private const short BrokersChoice = -1; // Its default.replication.factor; Kafka 2.4 and later.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Creates the topic when the broker lacks it, with as many replicas as the broker gives by default. One that exists is left as it is. (librdkafka's mock cluster cannot create topics on
    /// request: it has them from its start, or makes them when they are first asked for.)
    /// </summary>
    /// <exception cref="BrokerException">The broker did not answer or refused.</exception>
    public static async Task EnsureAsync(string bootstrapServers, string topic, int partitions, CancellationToken cancellationToken)
    {
        using var admin = AdminClients.Create(bootstrapServers);
        if (await Task.Run(() => Exists(admin, bootstrapServers, topic), cancellationToken).ConfigureAwait(false))
        {
            return;
        }
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            await admin.CreateTopicsAsync(
                [new TopicSpecification { Name = topic, NumPartitions = partitions, ReplicationFactor = BrokersChoice }],
                new CreateTopicsOptions { OperationTimeout = Patience, RequestTimeout = Patience }).ConfigureAwait(false);
        }
        catch (CreateTopicsException refused) when (refused.Results.All(r => r.Error.Code is ErrorCode.TopicAlreadyExists or ErrorCode.NoError))
        {
        }
        catch (KafkaException refused)
        {
            var error = refused is CreateTopicsException many ? many.Results[0].Error : refused.Error;
            throw new BrokerException(
                $"Topic '{topic}' could not be created at '{bootstrapServers}' (Radar:Kafka:BootstrapServers)", error, refused);
        }
    }

    /// <summary>Gives a topic more partitions where it has fewer than asked; it never gets fewer.</summary>
    /// <returns>How many it has now.</returns>
    /// <exception cref="BrokerException">The broker did not answer or refused.</exception>
    public static async Task<int> RaiseAsync(string bootstrapServers, string topic, int partitions, CancellationToken cancellationToken)
    {
        if (await PartitionsAsync(bootstrapServers, topic, cancellationToken).ConfigureAwait(false) is { } some && some >= partitions)
        {
            return some;
        }
        using var admin = AdminClients.Create(bootstrapServers);
        try
        {
            await admin.CreatePartitionsAsync(
                [new PartitionsSpecification { Topic = topic, IncreaseTo = partitions }],
                new CreatePartitionsOptions { OperationTimeout = Patience, RequestTimeout = Patience }).ConfigureAwait(false);
            return partitions;
        }
        catch (KafkaException refused)
        {
            var error = refused is CreatePartitionsException many ? many.Results[0].Error : refused.Error;
            throw new BrokerException($"Topic '{topic}' could not be given {partitions} partitions at '{bootstrapServers}' (Radar:Topics:Partitions)", error, refused);
        }
    }

    /// <summary>How many partitions a topic has; null when the broker does not have it.</summary>
    /// <exception cref="BrokerException">The broker did not answer.</exception>
    public static async Task<int?> PartitionsAsync(string bootstrapServers, string topic, CancellationToken cancellationToken)
    {
        using var admin = AdminClients.Create(bootstrapServers);
        return await Task.Run(
            () =>
            {
                try
                {
                    return admin.GetMetadata(Patience).Topics.Find(t => t.Topic == topic && t.Error.Code == ErrorCode.NoError)?.Partitions.Count;
                }
                catch (KafkaException silent)
                {
                    throw AdminClients.Silent(bootstrapServers, silent);
                }
            },
            cancellationToken).ConfigureAwait(false);
    }

    private static bool Exists(IAdminClient admin, string bootstrapServers, string topic)
    {
        try
        {
            // All topics: asking for one by name makes some brokers create it with their own idea of partitions.
            return admin.GetMetadata(Patience).Topics.Any(t => t.Topic == topic && t.Error.Code == ErrorCode.NoError);
        }
        catch (KafkaException silent)
        {
            throw AdminClients.Silent(bootstrapServers, silent);
        }
    }
}
