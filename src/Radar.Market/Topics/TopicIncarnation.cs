using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Radar.Market.Topics;

/// <summary>
/// Which topic of a name this is: offsets of one that was deleted and made again, or of a broker that forgot everything, mean nothing in
/// its successor.
/// </summary>
public static class TopicIncarnation
{
    /// <summary>
    /// A broker without topic ids (librdkafka's mock cluster) is given, by whoever starts it, one extra topic named with this prefix and a
    /// random rest: that name then is the incarnation of everything in it.
    /// </summary>
    public const string MarkerPrefix = "radar-incarnation-";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>A marker topic's name for a broker that starts now.</summary>
    public static string NewMarker() => MarkerPrefix + Guid.NewGuid().ToString("N");

    /// <summary>The topic's incarnation: the marker if there is one, otherwise cluster id and topic id.</summary>
    /// <exception cref="BrokerException">The broker does not answer, or lacks the topic.</exception>
    public static async Task<string> ReadAsync(string bootstrapServers, string topic, CancellationToken cancellationToken)
    {
        using var admin = AdminClients.Create(bootstrapServers);
        try
        {
            var metadata = await Task.Run(() => admin.GetMetadata(Patience), cancellationToken).ConfigureAwait(false);
            var marker = metadata.Topics.Select(t => t.Topic)
                .Where(t => t.StartsWith(MarkerPrefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal).FirstOrDefault();
            if (marker is not null)
            {
                return marker;
            }
            cancellationToken.ThrowIfCancellationRequested();
            var cluster = await admin.DescribeClusterAsync(new DescribeClusterOptions { RequestTimeout = Patience })
                .WaitAsync(cancellationToken).ConfigureAwait(false);
            var topics = await admin.DescribeTopicsAsync(
                TopicCollection.OfTopicNames([topic]), new DescribeTopicsOptions { RequestTimeout = Patience })
                .WaitAsync(cancellationToken).ConfigureAwait(false);
            return $"{cluster.ClusterId}/{topics.TopicDescriptions[0].TopicId}";
        }
        catch (DescribeTopicsException absent)
        {
            throw new BrokerException(
                $"Topic '{topic}' cannot be described at '{bootstrapServers}'", absent.Results.TopicDescriptions[0].Error, absent);
        }
        catch (KafkaException silent)
        {
            throw AdminClients.Silent(bootstrapServers, silent);
        }
    }
}
