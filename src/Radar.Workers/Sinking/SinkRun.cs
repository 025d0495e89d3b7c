using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Radar.Workers.Hosting;

namespace Radar.Workers.Sinking;

/// <summary>
/// From joining the group to leaving it. One thread reads and parses; meanwhile the batch before is being stored, and only then its offsets are told to the
/// group. While the server is away partitions are paused, and the group is kept company.
/// </summary>
internal sealed partial class SinkRun : IPartitionListener, IDisposable
{
    private const int LongestWait = 100;
    private const int ShortWait = 10;
    private const int AtOnce = 256;
    private static readonly TimeSpan HoldBack = TimeSpan.FromSeconds(1);

    private readonly SinkOptions _options;
    private readonly WorkerContext _context;
    private readonly BatchWriter _writer;
    private readonly IRecordParser _parser;
    private readonly DepthBlocks? _blocks;
    private readonly TopicIdentity _topic;
    private readonly bool _beganAnew;
    private readonly SinkConsumer _consumer;
    private readonly GroupWatch? _watch;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _giveUp = new();
    private readonly List<SinkLane> _lanes = [];
    private readonly Dictionary<int, SinkLane> _laneOf = [];
    private readonly Dictionary<int, long> _stored = [];
    private readonly Dictionary<int, long> _untold = [];
    private readonly Dictionary<int, long> _next = [];
    private readonly HashSet<(int Partition, long Next)> _doubted = [];
    private Exception? _fault;
    private Task? _writing;
    private (SinkLane Lane, SinkBatch Batch, bool Full) _written;
    private bool _paused;

    public SinkRun(SinkOptions options, WorkerContext context, BatchWriter writer, IRecordParser parser, DepthBlocks? blocks, TopicIdentity topic, bool beganAnew, string? member)
    {
        (_options, _context, _writer, _parser, _blocks, _topic, _beganAnew) = (options, context, writer, parser, blocks, topic, beganAnew);
        _logger = context.Loggers.CreateLogger<SinkRun>();
        _watch = member is null ? null : new GroupWatch(options, context.Time);
        _consumer = new SinkConsumer(options, member, this, context.Loggers.CreateLogger<SinkConsumer>());
    }

    /// <summary>Whether the group has said which partitions are ours, if any.</summary>
    public bool IsMember { get; private set; }

    /// <summary>Partitions that are ours.</summary>
    public int Partitions => _laneOf.Count;

    /// <summary>Reads and stores until it is stopped; then what was read is stored yet, within a deadline.</summary>
    public async Task RunAsync(Func<SinkRun, Task> look, CancellationToken cancellationToken)
    {
        _consumer.Subscribe();
        var looked = _context.Time.GetTimestamp();
        while (!cancellationToken.IsCancellationRequested)
        {
            ReadSome();
            if (_fault is { } fault)
            {
                throw fault;
            }
            if (_untold.Count > 0)
            {
                _consumer.Store(_untold);
                _untold.Clear();
            }
            await StoreAsync(cancellationToken).ConfigureAwait(false);
            if (_context.Time.GetElapsedTime(looked) > TimeSpan.FromMilliseconds(500))
            {
                looked = _context.Time.GetTimestamp();
                await look(this).ConfigureAwait(false);
                if (_watch?.TakeUnread() is { } unread)
                {
                    LogUnread(_options.Topic, string.Join(' ', unread));
                    _consumer.Rejoin();
                }
            }
        }
        await FlushAsync(_options.FlushWithin, last: true).ConfigureAwait(false);
        if (_context.IsDismissed)
        {
            _consumer.Leave(_context.Time);
        }
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>Records of our partitions that are not stored yet, as far as the broker's last answer told.</summary>
    public long Lag() => _laneOf.Keys.Sum(partition =>
        _consumer.End(partition) is { } end ? Math.Max(0, end - (_stored.TryGetValue(partition, out var stored) ? stored : end)) : 0);

    /// <summary>What is wrong with the broker, told once.</summary>
    public string? TakeTrouble() => _consumer.TakeTrouble();

    public IEnumerable<(int Partition, long? From)> Assigned(IReadOnlyList<int> partitions)
    {
        IsMember = true;
        _watch?.Begin();
        try
        {
            var committed = _consumer.Committed(partitions);
            foreach (var partition in partitions)
            {
                _parser.Forget(partition);
                _stored[partition] = committed.TryGetValue(partition, out var offset) ? offset : 0;
            }
            LogAssigned(_options.Topic, string.Join(' ', partitions));
            _topic.EnsureSame(_giveUp.Token);
            return _options.Stream == SinkStream.Trades ? AssignTogether(partitions) : AssignApart(partitions);
        }
#pragma warning disable CA1031 // It is thrown again outside the client's callback.
        catch (Exception problem)
#pragma warning restore CA1031
        {
            _fault = problem;
            return partitions.Select(partition => (partition, (long?)null));
        }
    }

    public void Revoked(IReadOnlyList<int> partitions)
    {
        if (partitions.Count > 0)
        {
            LogRevoked(_options.Topic, string.Join(' ', partitions));
            FlushAsync(_options.FlushWithin, last: false).GetAwaiter().GetResult(); // The group waits for us.
            Abandon(partitions);
        }
    }

    public void Lost(IReadOnlyList<int> partitions)
    {
        LogLost(_options.Topic, string.Join(' ', partitions));
        Abandon(partitions);
    }

    public void Dispose()
    {
        _giveUp.Cancel();
        _consumer.Dispose();
        foreach (var lane in _lanes.Where(_ => _writing is null or { IsCompleted: true }))
        {
            lane.Dispose();
        }
        _giveUp.Dispose();
    }

    private List<(int, long?)> AssignTogether(IReadOnlyList<int> partitions)
    {
        Enter(new SinkLane(_parser, partitions, _context.Time));
        // What the group was told may be of the topic that was: each partition is read from its beginning once. A trade that is read twice is one row.
        return [.. partitions.Select(partition => (partition, _beganAnew && _next.TryAdd(partition, 0) ? Offset.Beginning.Value : (long?)null))];
    }

    private List<(int, long?)> AssignApart(IReadOnlyList<int> partitions)
    {
        var from = new List<(int, long?)>();
        foreach (var partition in partitions)
        {
            var claimed = _blocks?.ClaimAsync(partition, _giveUp.Token).GetAwaiter().GetResult();
            Enter(new SinkLane(_parser, [partition], _context.Time) { Claim = claimed?.Claim ?? 0, RedoUntil = claimed?.First is null ? null : claimed.Last });
            if (claimed?.First is { } first)
            {
                LogRedo(_options.Topic, partition, first, claimed.Last!.Value);
            }
            var known = claimed?.First ?? claimed?.Last + 1;
            if (known is { } offset)
            {
                // Who was killed may have stored more than the group was told, perhaps all there is.
                _stored[partition] = _untold[partition] = offset;
            }
            var start = known ?? (claimed?.BeganAnew ?? _beganAnew ? Offset.Beginning.Value : null);
            _next[partition] = start is { } at ? Math.Max(0, at) : _stored[partition];
            from.Add((partition, start));
        }
        return from;
    }

    private void Enter(SinkLane lane)
    {
        _lanes.Add(lane);
        foreach (var partition in lane.Partitions)
        {
            _laneOf[partition] = lane;
        }
    }

    // What was not stored is read again by whoever has the partition next.
    private void Abandon(IReadOnlyList<int> partitions)
    {
        if (_paused)
        {
            // The client would remember, should they come back.
            _consumer.Pause(partitions, pause: false);
            _paused = false;
        }
        foreach (var partition in partitions)
        {
            if (_laneOf.Remove(partition, out var lane))
            {
                lane.Filling.Clear();
                lane.Partitions.Remove(partition);
            }
            _stored.Remove(partition);
            _untold.Remove(partition);
            _written.Batch?.Disown(partition);
        }
        foreach (var gone in _lanes.Where(lane => lane.Partitions.Count == 0 && (_writing is null || _written.Lane != lane)).ToList())
        {
            _lanes.Remove(gone);
            gone.Dispose();
        }
    }

    // What the client has at hand, until there is something else to do: a clock is not looked at for each record.
    private void ReadSome()
    {
        var wait = Wait();
        for (var read = 0; read < AtOnce && _fault is null && _writing is not { IsCompleted: true } && _consumer.Take(wait) is { } record; read++)
        {
            wait = 0;
            if (_laneOf.TryGetValue(record.Partition, out var lane))
            {
                Add(lane, record);
                if (IsFull(lane))
                {
                    return;
                }
            }
        }
    }

    private void Add(SinkLane lane, in TakenRecord record)
    {
        if (_options.Stream == SinkStream.Depth && !IsNew(record))
        {
            return;
        }
        if (lane.RedoUntil is { } last && record.Offset > last)
        {
            LogBlockGone(_options.Topic, record.Partition, last);
            lane.RedoUntil = null;
        }
        lane.Filling.Add(record);
        lane.IsClosed = lane.RedoUntil is { } end && record.Offset >= end;
    }

    // Offsets that go back mean a topic that began anew, or a client that was sent back to the beginning and reads what it has read.
    private bool IsNew(in TakenRecord record)
    {
        var next = _next.GetValueOrDefault(record.Partition);
        if (record.Offset >= next)
        {
            _next[record.Partition] = record.Offset + 1;
            return true;
        }
        if (_doubted.Add((record.Partition, next)))
        {
            _topic.EnsureSame(_giveUp.Token);
            LogReadAgain(_options.Topic, record.Partition, record.Offset, next - 1);
        }
        return false;
    }

    private int Wait()
    {
        if (_paused || _lanes.Exists(lane => IsFull(lane)))
        {
            return ShortWait;
        }
        var youngest = _lanes.Where(lane => lane.Filling.Records.Count > 0).Select(lane => _options.BatchAge - _context.Time.GetElapsedTime(lane.Filling.Began)).DefaultIfEmpty(_options.BatchAge).Min();
        return Math.Clamp((int)youngest.TotalMilliseconds, _writing is null ? 0 : 1, _writing is null ? LongestWait : ShortWait);
    }

    // A block that is made again ends where it ended, whatever the limits are now.
    private bool IsFull(SinkLane lane) => lane.IsClosed || lane.RedoUntil is null && lane.Filling is var batch
        && (batch.Rows.Rows >= _options.BatchRows || batch.Records.Count >= _options.BatchRows || batch.Bytes >= _options.BatchBytes || batch.Rows.Bytes >= _options.BatchBytes);

    [LoggerMessage(LogLevel.Information, "Partitions of {Topic} taken over: {Partitions}")]
    private partial void LogAssigned(string topic, string partitions);

    [LoggerMessage(LogLevel.Warning, "Partitions of {Topic} that no sink has: {Partitions}; asking for all to be handed out anew")]
    private partial void LogUnread(string topic, string partitions);

    [LoggerMessage(LogLevel.Information, "Partitions of {Topic} given up: {Partitions}")]
    private partial void LogRevoked(string topic, string partitions);

    [LoggerMessage(LogLevel.Warning, "Partitions of {Topic} were given to another sink: {Partitions}")]
    private partial void LogLost(string topic, string partitions);

    [LoggerMessage(LogLevel.Information, "{Topic}[{Partition}]: the block from {First} to {Last} may be stored or not; it is made again")]
    private partial void LogRedo(string topic, int partition, long first, long last);

    [LoggerMessage(LogLevel.Warning, "{Topic}[{Partition}]: the topic has nothing up to {Last} any more, so the block that ended there cannot be made again")]
    private partial void LogBlockGone(string topic, int partition, long last);

    [LoggerMessage(LogLevel.Warning, "{Topic}[{Partition}]: the broker sent the reader back to {From}; what it has had up to {Last} is passed over")]
    private partial void LogReadAgain(string topic, int partition, long from, long last);
}
