using Confluent.Kafka;
using Radar.Market.Models;

namespace Radar.Workers.Consuming;

/// <summary>
/// Reads a candle topic from where PostgreSQL says: the partition is assigned, not subscribed, so no rebalance takes it away. Group offsets are
/// committed after the fact, for tools that show lag.
/// </summary>
internal sealed class CandleTopicReader : IDisposable
{
    private const int Partition = 0; // Candle topics have one: candles of a market are in order.
    private static readonly TimeSpan CommitEvery = TimeSpan.FromSeconds(1);

    private readonly string _topic;
    private readonly TimeProvider _time;
    private readonly IConsumer<byte[], byte[]> _consumer;
    private Task _commit = Task.CompletedTask;
    private long _committedAt;
    private long _toCommit = -1;
    private int _suspect;

    public CandleTopicReader(string bootstrapServers, ModelId model, int fetchWaitMs, TimeProvider time)
    {
        (_topic, _time) = (model.Crypto, time);
        _consumer = new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig
        {
            BootstrapServers = bootstrapServers,
            GroupId = model.ConsumerGroup,
            ClientId = $"radar-{model.Column}",
            EnableAutoCommit = false,
            EnableAutoOffsetStore = false,
            AutoOffsetReset = AutoOffsetReset.Earliest, // An offset that is gone: what was missed is filled from the table.
            AllowAutoCreateTopics = false,
            FetchWaitMaxMs = fetchWaitMs,
            FetchMinBytes = 1,
            FetchErrorBackoffMs = 100,
            FetchQueueBackoffMs = 50,
            QueuedMinMessages = 100,
            QueuedMaxMessagesKbytes = 4_096,
            ReconnectBackoffMs = 100,
            ReconnectBackoffMaxMs = 1_000,
            SocketConnectionSetupTimeoutMs = 5_000,
            SocketTimeoutMs = 30_000, // A broker that went without a word is given up.
            TopicMetadataRefreshIntervalMs = 30_000,
        })
        .SetErrorHandler((_, error) =>
        {
            if (error.Code is ErrorCode.Local_AllBrokersDown or ErrorCode.Local_Transport)
            {
                Interlocked.Exchange(ref _suspect, 1);
            }
        })
        .SetLogHandler((_, _) => { })
        .Build();
    }

    /// <summary>Whether the broker was away since the last call: it may be another one now.</summary>
    public bool BrokerWasAway() => Interlocked.Exchange(ref _suspect, 0) == 1;

    /// <summary>Keeps the suspicion for a later look.</summary>
    public void StillSuspect() => Interlocked.Exchange(ref _suspect, 1);

    /// <summary>Goes on from an offset; null: from the earliest there is.</summary>
    public void StartAt(long? offset) =>
        _consumer.Assign(new TopicPartitionOffset(_topic, Partition, offset is { } next ? new Offset(next) : Offset.Beginning));

    /// <summary>Waits a little for a record and takes with it what else is there already.</summary>
    public List<ConsumeResult<byte[], byte[]>> Take(int wait, int mostRecords, int mostBytes)
    {
        var records = new List<ConsumeResult<byte[], byte[]>>();
        var bytes = 0;
        while (records.Count < mostRecords && bytes < mostBytes && Next(records.Count == 0 ? wait : 0) is { } record)
        {
            records.Add(record);
            bytes += record.Message.Value?.Length ?? 0;
        }
        return records;
    }

    /// <summary>How many records the broker has from <paramref name="next"/> on, as far as the last answer told.</summary>
    public long Lag(long next)
    {
        var high = _consumer.GetWatermarkOffsets(new TopicPartition(_topic, Partition)).High;
        return high.IsSpecial ? 0 : Math.Max(0, high.Value - next);
    }

    /// <summary>Tells the group, now and then and in the background: it is for people to look at, nothing depends on it.</summary>
    public void Commit(long next, bool now)
    {
        _toCommit = next;
        CommitIfDue(now);
    }

    /// <summary>Tells what is left to tell.</summary>
    public void CommitIfDue(bool now = false)
    {
        if (_toCommit < 0 || !_commit.IsCompleted || (!now && _committedAt != 0 && _time.GetElapsedTime(_committedAt) < CommitEvery))
        {
            return;
        }
        var offset = new TopicPartitionOffset(_topic, Partition, _toCommit);
        (_toCommit, _committedAt) = (-1, _time.GetTimestamp());
        _commit = Task.Run(() =>
        {
            try
            {
                _consumer.Commit([offset]);
            }
            catch (KafkaException)
            {
                // A broker without groups, or away.
            }
        });
    }

    public void Dispose()
    {
        // In the background: with the broker away it may take its time, and a stopping worker has none.
        var (consumer, commit) = (_consumer, _commit);
        var end = Task.Run(async () =>
        {
            await commit.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            consumer.Dispose();
        });
        end.Wait(TimeSpan.FromMilliseconds(700));
    }

    private ConsumeResult<byte[], byte[]>? Next(int wait)
    {
        try
        {
            return _consumer.Consume(wait);
        }
        catch (ConsumeException failed) when (!failed.Error.IsFatal)
        {
            Interlocked.Exchange(ref _suspect, 1);
            return null;
        }
    }
}
