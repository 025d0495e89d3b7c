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
    private Exception? _fault;
    private (int Partition, long End)? _cut;
    private Task? _writing;
    private (SinkLane Lane, SinkBatch Batch, bool Full) _written;
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
    public long Unstored => _lanes.Sum(lane => (long)lane.Filling.Records.Count) + (_written.Batch?.Records.Count ?? 0);

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

    public IEnumerable<(int Partition, long? From)> Assigned(IReadOnlyList<int> partitions)
    {
        IsMember = true;
        _watch?.Begin();
        try
        {
            LogAssigned(_options.Topic, string.Join(' ', partitions));
            _topic.EnsureSame(_giveUp.Token);
            var committed = _consumer.Committed(partitions);
            foreach (var partition in partitions)
            {
                _parser.Forget(partition);
                _stored[partition] = committed.GetValueOrDefault(partition);
            }
            var from = _options.Stream == SinkStream.Trades ? AssignTogether(partitions) : partitions.Select(AssignApart).ToList();
            if (_renewed is not null && from.Where(p => p.From is not null && _renewed.IsStale(p.Partition)).ToList() is { Count: > 0 } stale)
            {
                _consumer.Tell(stale.Select(p => (p.Partition, p.From!.Value)));
                _renewed.Told(stale.Select(p => p.Partition));
            }
            // Always said: left to ask the group itself, the client gives a partition up for good should the group's coordinator be just moving.
            return from.Select(p => (p.Partition, (long?)(p.From ?? _stored[p.Partition])));
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

    private List<(int Partition, long? From)> AssignTogether(IReadOnlyList<int> partitions)
    {
        Enter(new SinkLane(_parser, partitions, _context.Time));
        return [.. partitions.Select(partition =>
        {
            var low = _consumer.AskEnds(partition).Low;
            Forgive(partition, low);
            return (partition, _renewed?.IsStale(partition) == true ? _stored[partition] = low : (long?)null); // A trade that is read twice is one row.
        })];
    }

    private (int Partition, long? From) AssignApart(int partition)
    {
        var claimed = _blocks?.ClaimAsync(partition, _giveUp.Token).GetAwaiter().GetResult();
        var (low, high) = _consumer.AskEnds(partition); // After the claim: nobody else stores anything from there on.
        if (claimed is { Last: { } known } && known >= high)
        {
            LogEndLost(_options.Topic, partition, known, high);
            claimed = _blocks!.CutAsync(partition, claimed, high, _giveUp.Token).GetAwaiter().GetResult();
        }
        Enter(new SinkLane(_parser, [partition], _context.Time) { Claim = claimed?.Claim ?? 0, Redo = claimed?.Open });
        if (claimed?.Open is { } open)
        {
            LogRedo(_options.Topic, partition, open.First, open.Last);
        }
        long? from = claimed is { Open.First: var first } ? first
            : claimed is { Last: { } last } ? last + 1
            : _renewed?.IsStale(partition) == true ? 0
            : _stored.GetValueOrDefault(partition) > high ? high : null;
        if (from is { } offset)
        {
            // Who was killed may have stored more than the group was told, perhaps all there is.
            from = _stored[partition] = _untold[partition] = Math.Max(offset, low);
        }
        Forgive(partition, low);
        _next[partition] = _stored.GetValueOrDefault(partition);
        return (partition, from);
    }

    // What lies before a partition's beginning is lost to everybody, so it is not waited for.
    private void Forgive(int partition, long low)
    {
        if (_stored.TryGetValue(partition, out var stored))
        {
            _stored[partition] = Math.Max(stored, low);
        }
    }

    // What was read before the broker lost it is stored yet; what has its offsets from now on is something else.
    private async Task EndAtAsync(int partition, long end)
    {
        await FlushAsync(_options.FlushWithin, last: false).ConfigureAwait(false);
        if (_blocks is not null && _laneOf.TryGetValue(partition, out var lane))
        {
            await _blocks.CutAsync(partition, new ClaimedPartition(lane.Claim, null, null), end, _giveUp.Token).ConfigureAwait(false);
        }
        throw new TopicEndLostException(_options.Topic, partition, end);
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
        for (var read = 0; read < AtOnce && _fault is null && _cut is null && _writing is not { IsCompleted: true } && _consumer.Take(wait) is { } record; read++)
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
        return Math.Clamp((int)youngest.TotalMilliseconds, _writing is null ? 0 : 1, _writing is null ? LongestWait : ShortWait);
    }

    // A block that is made again ends where it ended, whatever the limits are now.
    private bool IsFull(SinkLane lane) => lane.IsClosed || lane.Redo is null && lane.Filling is var batch
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

    [LoggerMessage(LogLevel.Warning, "{Topic}[{Partition}]: the topic does not have all from {First} to {Last} any more, so that block is made again of what there is")]
    private partial void LogBlockGone(string topic, int partition, long first, long last);

    [LoggerMessage(LogLevel.Warning, "{Topic}[{Partition}]: the broker had records up to {Last} and lost those from {End} on, as after a power cut; what comes there now is stored as new")]
    private partial void LogEndLost(string topic, int partition, long last, long end);

    [LoggerMessage(LogLevel.Warning, "{Topic}[{Partition}]: the broker sent the reader back to {From}; what it has had up to {Last} is passed over")]
    private partial void LogReadAgain(string topic, int partition, long from, long last);
}
