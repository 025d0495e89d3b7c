using Microsoft.Extensions.Logging;

namespace Radar.Workers.Sinking;

internal sealed partial class SinkRun
{
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
            foreach (var write in _writes)
            {
                write.Batch.Disown(partition);
            }
        }
        foreach (var gone in _lanes.Where(lane => lane.Partitions.Count == 0 && _writes.All(write => write.Lane != lane)).ToList())
        {
            _lanes.Remove(gone);
            gone.Dispose();
        }
    }

    [LoggerMessage(LogLevel.Information, "Partitions of {Topic} taken over: {Partitions}")]
    private partial void LogAssigned(string topic, string partitions);

    [LoggerMessage(LogLevel.Information, "Partitions of {Topic} given up: {Partitions}")]
    private partial void LogRevoked(string topic, string partitions);

    [LoggerMessage(LogLevel.Warning, "Partitions of {Topic} were given to another sink: {Partitions}")]
    private partial void LogLost(string topic, string partitions);

    [LoggerMessage(LogLevel.Information, "{Topic}[{Partition}]: the block from {First} to {Last} may be stored or not; it is made again")]
    private partial void LogRedo(string topic, int partition, long first, long last);
}
