using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Radar.Market.Topics;

/// <summary>
/// Where partitions begin and end, asked of the broker. Each is a question of its own: the client's <c>QueryWatermarkOffsets</c> asks for both and, where
/// one of the answers is an error, may give the other one for both, without a word. A partition would look as if retention had emptied it.
/// </summary>
public static class PartitionEnds
{
    private const int Attempts = 5;

    /// <summary>Asks, again where a leader has just become another.</summary>
    /// <param name="admin">Whom to ask.</param>
    /// <param name="topic">The topic.</param>
    /// <param name="partitions">Which of its partitions.</param>
    /// <param name="patience">How long one answer may take.</param>
    /// <returns>Of each partition, in the order asked, the offset of the oldest record there is and that of the next to come.</returns>
    /// <exception cref="KafkaException">The broker does not say.</exception>
    public static IReadOnlyList<(int Partition, long Low, long High)> Ask(IAdminClient admin, string topic, IReadOnlyList<int> partitions, TimeSpan patience)
    {
        if (partitions.Count == 0)
        {
            return [];
        }
        var low = Ask(admin, topic, partitions, OffsetSpec.Earliest(), patience);
        var high = Ask(admin, topic, partitions, OffsetSpec.Latest(), patience);
        return [.. partitions.Select(partition => (partition, low[partition], high[partition]))];
    }

    private static Dictionary<int, long> Ask(IAdminClient admin, string topic, IReadOnlyList<int> partitions, OffsetSpec which, TimeSpan patience)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var asked = admin.ListOffsetsAsync(
                    partitions.Select(partition => new TopicPartitionOffsetSpec { TopicPartition = new TopicPartition(topic, partition), OffsetSpec = which }),
                    new ListOffsetsOptions { RequestTimeout = patience });
                return asked.GetAwaiter().GetResult().ResultInfos.Select(info => info.TopicPartitionOffsetError).ToDictionary(
                    answer => answer.Partition.Value,
                    answer => !answer.Error.IsError && !answer.Offset.IsSpecial ? answer.Offset.Value
                        : throw new KafkaException(answer.Error.IsError ? answer.Error : new Error(ErrorCode.Local_Fail, $"{answer.TopicPartition} has no {which}")));
            }
            catch (KafkaException moving) when (attempt < Attempts && moving.Error.Code != ErrorCode.Local_TimedOut)
            {
                // Its leader has just become another.
            }
        }
    }
}
