using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Radar.Market.Topics;

/// <summary>Whether a consumer group reads a whole topic.</summary>
public static class GroupCoverage
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Partitions of a topic that no member of a settled group has.</summary>
    /// <returns>Their numbers; null while the group is handing partitions out, or has no members.</returns>
    /// <exception cref="BrokerException">The broker did not answer or refused.</exception>
    public static async Task<IReadOnlyList<int>?> UnreadAsync(string bootstrapServers, string group, string topic, CancellationToken cancellationToken)
    {
        if (await TopicSetup.PartitionsAsync(bootstrapServers, topic, cancellationToken).ConfigureAwait(false) is not { } partitions)
        {
            return null;
        }
        using var admin = AdminClients.Create(bootstrapServers);
        try
        {
            var described = await admin.DescribeConsumerGroupsAsync([group], new DescribeConsumerGroupsOptions { RequestTimeout = Patience })
                .WaitAsync(cancellationToken).ConfigureAwait(false);
            var read = described.ConsumerGroupDescriptions[0];
            return read.State == ConsumerGroupState.Stable
                ? [.. Enumerable.Range(0, partitions).Except(
                    read.Members.SelectMany(member => member.Assignment.TopicPartitions).Where(p => p.Topic == topic).Select(p => p.Partition.Value))]
                : null;
        }
        catch (KafkaException silent)
        {
            throw AdminClients.Silent(bootstrapServers, silent);
        }
    }
}
