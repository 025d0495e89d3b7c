using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Radar.Workers.Producing.Wallex;

/// <summary>
/// Publishes frames as they are: no key, no headers, idempotent, acknowledged by every replica. A broker that is away is waited for without limit, and
/// whoever publishes waits once too much is undelivered: nothing is dropped, so the sockets are read no further. What the broker refuses for good is
/// counted, logged and given back.
/// </summary>
internal sealed partial class FramePublisher : IAsyncDisposable
{
    private const long MostBytes = 32 * 1024 * 1024;
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan QuietDispose = TimeSpan.FromSeconds(0.7);

    private readonly string _bootstrapServers;
    private readonly string _topic;
    private readonly int _mostFrames;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private readonly LinkedList<Frame> _undelivered = [];
    private IProducer<Null, byte[]>? _producer;
    private TaskCompletionSource _delivered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _bytes;
    private long _failures;
    private string? _problem;
    private ErrorCode _said;
    private bool _fatal;
    private bool _mends;
    private bool _disposed;

    public FramePublisher(string bootstrapServers, string topic, int mostFrames, TimeProvider time, ILogger<FramePublisher> logger) =>
        (_bootstrapServers, _topic, _mostFrames, _time, _logger) = (bootstrapServers, topic, mostFrames, time, logger);

    /// <summary>Told how many frames the broker has taken, each time.</summary>
    public Action<int>? Delivered { get; set; }

    /// <summary>Deliveries that failed; most of them were tried again.</summary>
    public long Failures => Interlocked.Read(ref _failures);

    /// <summary>Frames that the broker has not acknowledged, and how long the oldest of them waits.</summary>
    public (int Count, TimeSpan Oldest) Undelivered
    {
        get
        {
            lock (_lock)
            {
                return (_undelivered.Count, _undelivered.First is { } oldest ? _time.GetElapsedTime(oldest.Value.Since) : TimeSpan.Zero);
            }
        }
    }

    /// <summary>Why the last delivery failed; null: it did not.</summary>
    public string? Problem
    {
        get
        {
            lock (_lock)
            {
                return _problem;
            }
        }
    }

    /// <summary>Hands a frame over; waits only while too much is undelivered.</summary>
    /// <param name="value">The frame.</param>
    /// <param name="done">Told once: whether the broker has it.</param>
    /// <param name="cancellationToken">Ends the waiting; the frame is not handed over then.</param>
    public async ValueTask PublishAsync(byte[] value, Action<bool>? done, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task room;
            lock (_lock)
            {
                if (_undelivered.Count < _mostFrames && _bytes < MostBytes)
                {
                    var frame = new Frame(value, done, _time.GetTimestamp());
                    _undelivered.AddLast(frame.Node);
                    _bytes += value.Length;
                    Produce_NeedsLock(frame);
                    return;
                }
                room = _delivered.Task;
            }
            await room.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Waits until everything is delivered.</summary>
    /// <returns>How many frames are not, when the time is over.</returns>
    public async Task<int> FlushAsync(TimeSpan within)
    {
        using var deadline = new CancellationTokenSource(within, _time);
        while (true)
        {
            Task delivered;
            lock (_lock)
            {
                if (_undelivered.Count == 0 || deadline.IsCancellationRequested)
                {
                    return _undelivered.Count;
                }
                delivered = _delivered.Task;
            }
            await delivered.WaitAsync(deadline.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>The last flush: what is not delivered then is said.</summary>
    public async Task EndAsync(TimeSpan within)
    {
        if (await FlushAsync(within).ConfigureAwait(false) is > 0 and var count)
        {
            LogLost(_topic, count, within.TotalSeconds);
        }
    }

    public async ValueTask DisposeAsync()
    {
        IProducer<Null, byte[]>? producer;
        lock (_lock)
        {
            (producer, _producer, _disposed) = (_producer, null, true);
        }
        if (producer is not null)
        {
            // With the broker away disposing may take its time.
            await Task.Run(producer.Dispose).WaitAsync(QuietDispose, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Produce_NeedsLock(Frame frame)
    {
        var producer = frame.Producer = _producer ??= Build();
        try
        {
            producer.Produce(_topic, new Message<Null, byte[]> { Value = frame.Value }, report => Report(frame, producer, report));
        }
        catch (ProduceException<Null, byte[]> refused)
        {
            Fail_NeedsLock(frame, refused.Error);
        }
    }

    private void Report(Frame frame, IProducer<Null, byte[]> producer, DeliveryReport<Null, byte[]> report)
    {
        lock (_lock)
        {
            if (report.Error.IsError)
            {
                if (frame.Producer == producer) // Otherwise it is with a later one by now.
                {
                    Fail_NeedsLock(frame, report.Error);
                }
                return;
            }
            if (!End_NeedsLock(frame))
            {
                return;
            }
            _problem = null;
            frame.Done?.Invoke(true); // Within the lock: a flush that ends has told everybody.
        }
        Delivered?.Invoke(1);
    }

    private void Fail_NeedsLock(Frame frame, Error error)
    {
        var failures = Interlocked.Increment(ref _failures);
        _fatal |= error.IsFatal || error.Code is ErrorCode.Local_Fatal or ErrorCode.Local_PurgeQueue;
        if (IsForGood(error))
        {
            LogRefused(_topic, frame.Value.Length, error.Code, error.Reason);
            End_NeedsLock(frame);
            frame.Done?.Invoke(false);
            return;
        }
        _problem = $"{error.Code} {error.Reason}";
        if (error.Code != _said || failures % 1_000 == 0)
        {
            _said = error.Code;
            LogFailed(_topic, failures, error.Code, error.Reason);
        }
        frame.Failed = true;
        Mend_NeedsLock();
    }

    private void Mend_NeedsLock()
    {
        if (!_mends && !_disposed)
        {
            _mends = true;
            _ = MendAsync();
        }
    }

    // What failed is handed over again, oldest first; after a fatal error to a new producer, since the old one takes nothing more.
    private async Task MendAsync()
    {
        while (true)
        {
            await Task.Delay(Retry, _time, CancellationToken.None).ConfigureAwait(false);
            IProducer<Null, byte[]>? old = null;
            lock (_lock)
            {
                if (_fatal)
                {
                    (_fatal, old, _producer) = (false, _producer, null);
                }
            }
            if (old is not null)
            {
                LogAnew(_topic);
                await Task.Run(() => old.Flush(QuietDispose)).ConfigureAwait(false); // What is on its way may still be acknowledged.
                _ = Task.Run(old.Dispose);
            }
            lock (_lock)
            {
                if (_disposed)
                {
                    return;
                }
                foreach (var frame in _undelivered.Where(frame => frame.Failed || frame.Producer == old).ToList())
                {
                    frame.Failed = false;
                    Produce_NeedsLock(frame);
                }
                if (!_fatal && !_undelivered.Any(frame => frame.Failed))
                {
                    _mends = false;
                    return;
                }
            }
        }
    }

    private bool End_NeedsLock(Frame frame)
    {
        if (frame.Node.List is null)
        {
            return false; // A producer that was given up told us late.
        }
        _undelivered.Remove(frame.Node);
        _bytes -= frame.Value.Length;
        var delivered = _delivered;
        _delivered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        delivered.TrySetResult();
        return true;
    }

    // What lies in the frame. Rights that we lack may be given: those are waited for, like a broker that is away.
    private static bool IsForGood(Error error) => error.Code is
        ErrorCode.MsgSizeTooLarge or ErrorCode.InvalidMsg or ErrorCode.Local_InvalidArg or ErrorCode.PolicyViolation or ErrorCode.InvalidRecord;

    private IProducer<Null, byte[]> Build() => new ProducerBuilder<Null, byte[]>(new ProducerConfig
    {
        BootstrapServers = _bootstrapServers,
        ClientId = "radar-wallex",
        EnableIdempotence = true,
        Acks = Acks.All,
        LingerMs = 5,
        CompressionType = CompressionType.Lz4,
        MessageTimeoutMs = 0, // For ever: a time-out would make of a slow broker one that has a frame twice.
        RequestTimeoutMs = 10_000,
        SocketConnectionSetupTimeoutMs = 5_000,
        SocketTimeoutMs = 30_000, // A broker that went without a word is given up.
        ReconnectBackoffMaxMs = 1_000,
        RetryBackoffMs = 100,
        TopicMetadataRefreshIntervalMs = 30_000,
        AllowAutoCreateTopics = false,
    })
    .SetErrorHandler((_, error) =>
    {
        if (error.IsFatal)
        {
            Interlocked.Increment(ref _failures);
            Lose(error);
        }
    })
    .SetLogHandler((_, _) => { })
    .Build();

    private void Lose(Error error)
    {
        LogFailed(_topic, Failures, error.Code, error.Reason);
        lock (_lock)
        {
            _fatal = true;
            Mend_NeedsLock();
        }
    }

    [LoggerMessage(LogLevel.Warning, "Delivery to {Topic} failed ({Failures} so far), trying again: {Code} {Reason}")]
    private partial void LogFailed(string topic, long failures, ErrorCode code, string reason);

    [LoggerMessage(LogLevel.Error, "A frame of {Bytes} bytes was refused for good by {Topic} and is not published: {Code} {Reason}")]
    private partial void LogRefused(string topic, int bytes, ErrorCode code, string reason);

    [LoggerMessage(LogLevel.Warning, "Publishing to {Topic} with a new producer; what was not acknowledged is published again")]
    private partial void LogAnew(string topic);

    [LoggerMessage(LogLevel.Error, "Ending with {Count} frame(s) that {Topic} has not taken within {Seconds} s. Trades are repaired from REST at the next start, as far as it reaches")]
    private partial void LogLost(string topic, int count, double seconds);

    private sealed class Frame
    {
        public Frame(byte[] value, Action<bool>? done, long since)
        {
            (Value, Done, Since) = (value, done, since);
            Node = new LinkedListNode<Frame>(this);
        }

        public byte[] Value { get; }

        public Action<bool>? Done { get; }

        public long Since { get; }

        public LinkedListNode<Frame> Node { get; }

        public IProducer<Null, byte[]>? Producer { get; set; }

        public bool Failed { get; set; }
    }
}
