using Microsoft.Extensions.Logging;
using Radar.Workers.Hosting;

namespace Radar.Workers.Sinking;

/// <summary>
/// From joining the group to leaving it. One thread reads and parses; meanwhile the batches before are being stored, two at a time of trades and one of order
/// books, and only then their offsets are told to the group, in order. While the server is away partitions are paused, and the group is kept company.
/// </summary>
internal sealed partial class SinkRun : IPartitionListener, IDisposable
{
    private const int LongestWait = 100;
    private const int ShortWait = 10;
    private const int AtOnce = 256;
    private static readonly TimeSpan LongPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan HoldBack = TimeSpan.FromSeconds(1);

    private readonly SinkOptions _options;
    private readonly WorkerContext _context;
    private readonly BatchWriter _writer;
    private readonly IRecordParser _parser;
    private readonly DepthBlocks? _blocks;
    private readonly TopicIdentity _topic;
    private readonly RenewedTopic? _renewed;
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
    private readonly Queue<Write> _writes = []; // In the order in which they began, and in which the group is told of them.
    private Exception? _fault;
    private (int Partition, long End)? _cut;
    private bool _paused;
    private long _pausedAt;

    public SinkRun(SinkOptions options, WorkerContext context, BatchWriter writer, IRecordParser parser, DepthBlocks? blocks, TopicIdentity topic, RenewedTopic? renewed, string? member)
    {
        (_options, _context, _writer, _parser, _blocks, _topic, _renewed) = (options, context, writer, parser, blocks, topic, renewed);
        _logger = context.Loggers.CreateLogger<SinkRun>();
        _watch = member is null ? null : new GroupWatch(options, context.Time);
        _consumer = new SinkConsumer(options, member, this, context.Loggers.CreateLogger<SinkConsumer>());
    }

    /// <summary>Whether the group has said which partitions are ours, if any.</summary>
    public bool IsMember { get; private set; }

    /// <summary>Partitions that are ours.</summary>
    public int Partitions => _laneOf.Count;

    /// <summary>Records that were read and are not stored yet.</summary>
    public long Unstored => _lanes.Sum(lane => (long)lane.Filling.Records.Count) + _writes.Sum(write => (long)write.Batch.Records.Count);

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
            if (_cut is { } cut)
            {
                await EndAtAsync(cut.Partition, cut.End).ConfigureAwait(false);
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
                _topic.Look();
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

    /// <summary>Records of our partitions that are not stored yet, as far as the broker's last answer told. What a partition has lost is not waited for.</summary>
    public long Lag() => _laneOf.Keys.Sum(partition =>
    {
        var (low, high) = _consumer.Ends(partition);
        var stored = _stored.TryGetValue(partition, out var next) ? next : _consumer.Position(partition);
        return high is { } end ? Math.Max(0, end - Math.Max(stored ?? end, low ?? 0)) : 0;
    });

    /// <summary>What is wrong with the broker, told once.</summary>
    public string? TakeTrouble()
    {
        var trouble = _consumer.TakeTrouble();
        if (trouble is not null)
        {
            _topic.Doubt();
        }
        return trouble;
    }

    public void Dispose()
    {
        _giveUp.Cancel();
        _consumer.Dispose();
        if (_writes.All(write => write.Storing.IsCompleted))
        {
            _lanes.ForEach(lane => lane.Dispose());
            _writes.ToList().ForEach(write => write.Batch.Dispose());
        }
        _giveUp.Dispose();
    }

    // Whether the oldest of the batches on their way has arrived.
    private bool IsStored => _writes.TryPeek(out var oldest) && oldest.Storing.IsCompleted;

    // What the client has at hand, until there is something else to do: a clock is not looked at for each record.
    private void ReadSome()
    {
        var wait = Wait();
        for (var read = 0; read < AtOnce && _fault is null && _cut is null && !IsStored && _consumer.Take(wait) is { } record; read++)
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
        if (lane.Redo is { } block && record.Offset > block.Last)
        {
            LogBlockGone(_options.Topic, record.Partition, block.First, block.Last);
            lane.Redo = lane.Filling.Records.Count > 0 ? block : null;
        }
        lane.Add(record);
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
            if (_consumer.AskEnds(record.Partition).High is var end && end < next)
            {
                LogEndLost(_options.Topic, record.Partition, next - 1, end);
                _cut = (record.Partition, end);
            }
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
        // A block that is made again is as old as it may be: it waits for its last record.
        var youngest = _lanes.Where(lane => lane.Filling.Records.Count > 0 && lane.Redo is null).Select(lane => _options.BatchAge - _context.Time.GetElapsedTime(lane.Filling.Began)).DefaultIfEmpty(_options.BatchAge).Min();
        return Math.Clamp((int)youngest.TotalMilliseconds, _writes.Count == 0 ? 0 : 1, _writes.Count == 0 ? LongestWait : ShortWait);
    }

    // A block that is made again ends where it ended, whatever the limits are now.
    private bool IsFull(SinkLane lane) => lane.IsClosed || lane.Redo is null && lane.Filling is var batch
        && (batch.Rows.Rows >= _options.BatchRows || batch.Records.Count >= _options.BatchRows || batch.Bytes >= _options.BatchBytes || batch.Rows.Bytes >= _options.BatchBytes);

    private sealed record Write(SinkLane Lane, SinkBatch Batch, bool Full, Task Storing);

    [LoggerMessage(LogLevel.Warning, "Partitions of {Topic} that no sink has: {Partitions}; asking for all to be handed out anew")]
    private partial void LogUnread(string topic, string partitions);

    [LoggerMessage(LogLevel.Warning, "{Topic}[{Partition}]: the topic does not have all from {First} to {Last} any more, so that block is made again of what there is")]
    private partial void LogBlockGone(string topic, int partition, long first, long last);

    [LoggerMessage(LogLevel.Warning, "{Topic}[{Partition}]: the broker had records up to {Last} and lost those from {End} on, as after a power cut; what comes there now is stored as new")]
    private partial void LogEndLost(string topic, int partition, long last, long end);

    [LoggerMessage(LogLevel.Warning, "{Topic}[{Partition}]: the broker sent the reader back to {From}; what it has had up to {Last} is passed over")]
    private partial void LogReadAgain(string topic, int partition, long from, long last);
}
