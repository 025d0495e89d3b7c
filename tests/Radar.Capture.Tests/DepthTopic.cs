using System.Text.Json;
using Confluent.Kafka;

namespace Radar.Capture.Tests;

/// <summary>What topic radar_depths holds, whoever published it and whoever has read it.</summary>
internal static class DepthTopic
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>Every record as the row that it must have become.</summary>
    public static List<BookRow> Read(string bootstrapServers)
    {
        using var consumer = new ConsumerBuilder<Ignore, byte[]>(new ConsumerConfig
        {
            BootstrapServers = bootstrapServers, GroupId = "test", EnablePartitionEof = true, EnableAutoCommit = false,
        }).SetLogHandler((_, _) => { }).Build();
        using var admin = new DependentAdminClientBuilder(consumer.Handle).Build();
        var partitions = admin.GetMetadata("radar_depths", Patience).Topics[0].Partitions;
        consumer.Assign(partitions.Select(partition => new TopicPartitionOffset("radar_depths", partition.PartitionId, Offset.Beginning)));
        using var deadline = new CancellationTokenSource(Patience, TimeProvider.System);
        var rows = new List<BookRow>();
        for (var open = partitions.Count; open > 0;)
        {
            var record = consumer.Consume(deadline.Token);
            if (record.IsPartitionEOF)
            {
                open--;
                continue;
            }
            using var frame = JsonDocument.Parse(record.Message.Value);
            var channel = frame.RootElement[0].GetString()!.Split('@');
            rows.Add(new BookRow(channel[0], channel[1] == "sellDepth" ? "sell" : "buy", record.Message.Timestamp.UnixTimestampMs, BookText.Of(frame.RootElement[1])));
        }
        return rows;
    }
}
