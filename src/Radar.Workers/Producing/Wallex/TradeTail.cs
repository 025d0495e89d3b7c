using Confluent.Kafka;
using Radar.Market.Topics;

namespace Radar.Workers.Producing.Wallex;

/// <summary>
/// The end of the topic, which tells what was published before this process began: the topic itself is the memory, so nothing is published twice by a
/// restart, and what a crash took with it is seen to be missing.
/// </summary>
/// <param name="Trades">Its trades, by market.</param>
/// <param name="CompleteFrom">From when on nothing published is lacking here; the least there is when nothing was.</param>
/// <param name="CompleteUntil">
/// Until when nothing is lacking; null: nothing was published. Each partition has its records in order, but one may have been delivered when the process died
/// and what was older on its way to another.
/// </param>
internal sealed record TradeTail(
    IReadOnlyList<(string Symbol, TradeText Trade)> Trades, DateTimeOffset CompleteFrom, DateTimeOffset? CompleteUntil)
{
    private const int RecordsOfAPartition = 10_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RecordPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(10);

    /// <summary>Reads it.</summary>
    /// <exception cref="KafkaException">The broker does not answer.</exception>
    public static async Task<TradeTail> ReadAsync(string bootstrapServers, string topic, CancellationToken cancellationToken)
    {
        // The client's own patience is longer than ours when we are told to stop: it ends by itself.
        try
        {
            return await Task.Run(() => Read(bootstrapServers, topic, cancellationToken), cancellationToken).WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new KafkaException(ErrorCode.Local_TimedOut);
        }
    }

    private static TradeTail Read(string bootstrapServers, string topic, CancellationToken cancellationToken)
    {
        using var consumer = new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig
        {
            BootstrapServers = bootstrapServers,
            ClientId = "radar-wallex-tail",
            GroupId = "radar-wallex-tail", // Needed by the client; nothing is ever committed.
            EnableAutoCommit = false,
            EnablePartitionEof = true,
            SocketConnectionSetupTimeoutMs = 5_000,
        })
        .SetErrorHandler((_, _) => { })
        .SetLogHandler((_, _) => { })
        .Build();
        using var admin = new DependentAdminClientBuilder(consumer.Handle).Build();
        var partitions = admin.GetMetadata(topic, Patience).Topics.SelectMany(t => t.Partitions).Select(p => p.PartitionId).ToList();
        var starts = new List<TopicPartitionOffset>();
        var cut = false;
        foreach (var (partition, low, high) in PartitionEnds.Ask(admin, topic, partitions, Patience))
        {
            var start = Math.Max(low, high - RecordsOfAPartition);
            cut |= start > 0;
            if (high > start)
            {
                starts.Add(new TopicPartitionOffset(topic, partition, start));
            }
        }
        var trades = new List<(string, TradeText)>();
        var first = new Dictionary<int, DateTimeOffset>();
        var last = new Dictionary<int, DateTimeOffset>();
        consumer.Assign(starts);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        for (var open = starts.Count; open > 0;)
        {
            patience.CancelAfter(RecordPatience);
            var record = consumer.Consume(patience.Token);
            if (record.IsPartitionEOF)
            {
                open--;
                continue;
            }
            var published = new DateTimeOffset(record.Message.Timestamp.UtcDateTime);
            first.TryAdd(record.Partition.Value, published);
            last[record.Partition.Value] = published;
            if (Trade(record.Message.Value) is { } trade)
            {
                trades.Add(trade);
            }
        }
        // Where records were left out, whatever is older than the youngest first one may have been published.
        var completeFrom = first.Count == 0 ? DateTimeOffset.MinValue : cut ? first.Values.Max() + TimeSpan.FromSeconds(1) : first.Values.Min() - Margin;
        return new TradeTail(trades, completeFrom, trades.Count == 0 ? null : last.Values.Min());
    }

    private static (string Symbol, TradeText Trade)? Trade(byte[]? value)
    {
        if (value is null or not [(byte)'[', ..])
        {
            return null;
        }
        var said = new List<Said>(1);
        new FirstProtocol().Read(value, said);
        return said is [{ Kind: SaidKind.Frame } frame] && frame.Channel.EndsWith("@trade", StringComparison.Ordinal) && TradeText.Read(frame.Data) is { } trade
            ? (frame.Symbol, trade)
            : null;
    }
}
