using Confluent.Kafka;

namespace Radar.Workers.Tests.Producing.Wallex;

/// <summary>What a topic holds.</summary>
internal static class Records
{
    /// <summary>All of it, each partition in its order.</summary>
    public static List<ConsumeResult<byte[], byte[]>> All(string bootstrapServers, string topic)
    {
        using var consumer = new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig
        {
            BootstrapServers = bootstrapServers, GroupId = "test", EnablePartitionEof = true, EnableAutoCommit = false,
        }).Build();
        using var admin = new DependentAdminClientBuilder(consumer.Handle).Build();
        var partitions = admin.GetMetadata(topic, TimeSpan.FromSeconds(30)).Topics[0].Partitions;
        consumer.Assign(partitions.Select(p => new TopicPartitionOffset(topic, p.PartitionId, Offset.Beginning)));
        var records = new List<ConsumeResult<byte[], byte[]>>();
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        for (var open = partitions.Count; open > 0;)
        {
            var record = consumer.Consume(deadline.Token);
            if (record.IsPartitionEOF)
            {
                open--;
            }
            else
            {
                records.Add(record);
            }
        }
        return records;
    }
}
