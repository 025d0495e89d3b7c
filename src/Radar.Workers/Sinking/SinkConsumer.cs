using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Radar.Market.Topics;

namespace Radar.Workers.Sinking;

/// <summary>Whom a consumer tells that partitions come and go. All of it happens within <see cref="SinkConsumer.Take"/>.</summary>
internal interface IPartitionListener
{
    /// <summary>These are ours now.</summary>
    /// <returns>From which offset each is to be read; null: from where the group left off.</returns>
    IEnumerable<(int Partition, long? From)> Assigned(IReadOnlyList<int> partitions);

    /// <summary>These are ours until this returns.</summary>
    void Revoked(IReadOnlyList<int> partitions);

    /// <summary>These are somebody else's already.</summary>
    void Lost(IReadOnlyList<int> partitions);
}

/// <summary>A member of the group that reads a topic. Offsets are told to the group once they are given to <see cref="Store"/>, and not before.</summary>
internal sealed partial class SinkConsumer : IDisposable
{
    private const int Attempts = 5;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(3);
    private readonly string _topic;
    private readonly ILogger _logger;
    private readonly IConsumer<Ignore, ReadOnlyMemory<byte>?> _consumer;
    private readonly IAdminClient _admin;
    private Error? _fatal;
    private string? _trouble;
    private Task _committing = Task.CompletedTask;

    /// <param name="options">Settings.</param>
    /// <param name="member">A name that outlives a restart, so that partitions stay where they are; null: the broker does not know such names.</param>
    /// <param name="listener">Told what comes and goes.</param>
    /// <param name="logger">Log.</param>
    public SinkConsumer(SinkOptions options, string? member, IPartitionListener listener, ILogger<SinkConsumer> logger)
    {
        (_topic, _logger) = (options.Topic, logger);
        _consumer = new ConsumerBuilder<Ignore, ReadOnlyMemory<byte>?>(new ConsumerConfig
        {
            BootstrapServers = options.BootstrapServers,
            GroupId = options.Group,
            GroupInstanceId = member,
            ClientId = "radar-sink",
            EnableAutoCommit = true,
            AutoCommitIntervalMs = 1_000,
            EnableAutoOffsetStore = false,
            AutoOffsetReset = AutoOffsetReset.Earliest,
            AllowAutoCreateTopics = false,
            SessionTimeoutMs = (int)options.SessionTimeout.TotalMilliseconds,
            HeartbeatIntervalMs = Math.Clamp((int)options.SessionTimeout.TotalMilliseconds / 10, 500, 3_000), // So soon a member hears that others come or go.
            MaxPollIntervalMs = 300_000,
            FetchWaitMaxMs = 100,
            FetchMaxBytes = 16 * 1024 * 1024,
            MaxPartitionFetchBytes = 2 * 1024 * 1024, // A longer record comes alone.
            MessageMaxBytes = 1_000_000,
            ReceiveMessageMaxBytes = 256 * 1024 * 1024,
            QueuedMinMessages = 50_000,
            QueuedMaxMessagesKbytes = 16 * 1024,
            FetchQueueBackoffMs = 5,
            CheckCrcs = false,
            ConsumeResultFields = "timestamp", // Neither headers nor the topic's name, which are read for each record.
            ReconnectBackoffMs = 100,
            ReconnectBackoffMaxMs = 2_000,
            SocketConnectionSetupTimeoutMs = 5_000,
            SocketTimeoutMs = 30_000, // A broker that went without a word is given up.
            TopicMetadataRefreshIntervalMs = 30_000, // Partitions that were added are noticed.
        })
        .SetValueDeserializer(new ReusedBuffer())
        .SetErrorHandler((_, error) =>
        {
            _fatal = error.IsFatal ? error : _fatal;
            _trouble = error.Code == ErrorCode.Local_AllBrokersDown ? error.Reason : _trouble;
        })
        .SetLogHandler((_, _) => { })
        .SetPartitionsAssignedHandler((_, partitions) => Assign(listener, partitions))
        .SetPartitionsRevokedHandler((_, partitions) => listener.Revoked([.. partitions.Select(p => p.Partition.Value)]))
        .SetPartitionsLostHandler((_, partitions) => listener.Lost([.. partitions.Select(p => p.Partition.Value)]))
        .Build();
        _admin = new DependentAdminClientBuilder(_consumer.Handle).Build();
    }

    /// <summary>What is wrong with the broker, told once.</summary>
    public string? TakeTrouble() => Interlocked.Exchange(ref _trouble, null);

    /// <summary>Joins the group.</summary>
    public void Subscribe()
    {
        _consumer.Subscribe(_topic);
        LogSubscribed(_topic);
    }

    /// <summary>Joins again: where this member leads the group, partitions are handed out anew.</summary>
    public void Rejoin() => _consumer.Subscribe(_topic);

    /// <summary>
    /// Leaves the group for good, so that others have its partitions at once. Closing does not: who has a name that outlives a restart is expected back.
    /// </summary>
    public void Leave(TimeProvider time)
    {
        var began = time.GetTimestamp();
        _consumer.Unsubscribe();
        while (_consumer.MemberId.Length > 0 && time.GetElapsedTime(began) < LastWords)
        {
            Take(20); // Gives the partitions back.
        }
    }

    /// <summary>Waits so many milliseconds for a record.</summary>
    /// <exception cref="KafkaException">The client cannot go on.</exception>
    public TakenRecord? Take(int wait)
    {
        try
        {
            if (_fatal is { } fatal)
            {
                throw new KafkaException(fatal);
            }
            return _consumer.Consume(wait) is { } taken
                ? new TakenRecord(taken.Partition.Value, taken.Offset.Value, taken.Message.Timestamp.UnixTimestampMs, taken.Message.Value)
                : null;
        }
        catch (ConsumeException failed) when (!failed.Error.IsFatal)
        {
            _trouble = failed.Error.Reason;
            return null;
        }
    }

    /// <summary>Reads some partitions no further, or goes on.</summary>
    public void Pause(IEnumerable<int> partitions, bool pause)
    {
        var these = partitions.Select(Of).ToList();
        try
        {
            if (pause)
            {
                _consumer.Pause(these);
            }
            else
            {
                _consumer.Resume(these);
            }
        }
        catch (KafkaException)
        {
            // They were just taken away.
        }
    }

    /// <summary>Notes that all before these offsets is stored; the group is told within a second.</summary>
    public void Store(IReadOnlyDictionary<int, long> next)
    {
        foreach (var (partition, offset) in next)
        {
            try
            {
                _consumer.StoreOffset(new TopicPartitionOffset(Of(partition), offset));
            }
            catch (KafkaException)
            {
                // It was taken away meanwhile: its new owner reads again what it is not told of.
            }
        }
    }

    /// <summary>Tells the group now.</summary>
    /// <returns>Whether that was done with before the deadline: with the broker away it takes its time.</returns>
    public async Task<bool> CommitAsync(CancellationToken deadline)
    {
        var committing = _committing.IsCompleted ? _committing = Task.Run(Commit, CancellationToken.None) : _committing;
        await committing.WaitAsync(deadline).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return committing.IsCompleted;
    }

    /// <summary>Tells the group from where these partitions are read, and returns when it knows.</summary>
    /// <exception cref="KafkaException">It was not told.</exception>
    public void Tell(IEnumerable<(int Partition, long Offset)> from) => _consumer.Commit(from.Select(p => new TopicPartitionOffset(Of(p.Partition), p.Offset)));

    /// <summary>Beginning and end of a partition, as far as the last answer told; null: not known yet.</summary>
    public (long? Low, long? High) Ends(int partition)
    {
        var ends = _consumer.GetWatermarkOffsets(Of(partition));
        return (Known(ends.Low), Known(ends.High));
    }

    /// <summary>The same, asked for.</summary>
    /// <exception cref="KafkaException">The broker does not say.</exception>
    public (long Low, long High) AskEnds(int partition)
    {
        var (_, low, high) = PartitionEnds.Ask(_admin, _topic, [partition], Patience)[0];
        return (low, high);
    }

    /// <summary>Where a partition is read next; null: nothing of it was read.</summary>
    public long? Position(int partition)
    {
        try
        {
            return Known(_consumer.Position(Of(partition)));
        }
        catch (KafkaException)
        {
            return null; // It was just taken away.
        }
    }

    public void Dispose()
    {
        // With the broker away it takes its time, and a stopping worker has none.
        var (consumer, admin, committing) = (_consumer, _admin, _committing);
        var closed = Task.Run(async () =>
        {
            await committing.ConfigureAwait(false);
            consumer.Close();
            admin.Dispose();
            consumer.Dispose();
        }).Wait(LastWords);
        if (closed)
        {
            LogClosed();
        }
    }

    private static List<TopicPartitionOffset> Assign(IPartitionListener listener, List<TopicPartition> partitions)
    {
        var from = listener.Assigned([.. partitions.Select(p => p.Partition.Value)]).ToDictionary(p => p.Partition, p => p.From);
        return [.. partitions.Select(p => new TopicPartitionOffset(p, from[p.Partition.Value] is { } offset ? new Offset(offset) : Offset.Unset))];
    }

    /// <summary>What the group was told last of these partitions; nothing of those that it was never told of.</summary>
    /// <exception cref="KafkaException">It does not say.</exception>
    public IReadOnlyDictionary<int, long> Committed(IReadOnlyList<int> partitions)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return _consumer.Committed(partitions.Select(Of), Patience).Where(p => !p.Offset.IsSpecial).ToDictionary(p => p.Partition.Value, p => p.Offset.Value);
            }
            catch (KafkaException moving) when (attempt < Attempts && moving.Error.Code != ErrorCode.Local_TimedOut)
            {
                // The group's coordinator has just become another.
            }
        }
    }

    private static long? Known(Offset offset) => offset.IsSpecial ? null : offset.Value;

    private void Commit()
    {
        try
        {
            _consumer.Commit();
        }
        catch (KafkaException)
        {
            // Nothing was stored, or the broker is away: what is read again is stored once all the same.
        }
    }

    private TopicPartition Of(int partition) => new(_topic, partition);

    [LoggerMessage(LogLevel.Information, "Subscribed to Kafka topic '{Topic}'.")]
    private partial void LogSubscribed(string topic);

    [LoggerMessage(LogLevel.Information, "Kafka consumer closed.")]
    private partial void LogClosed();
}
