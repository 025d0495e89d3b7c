using Microsoft.Extensions.Logging;

namespace Radar.Workers.Sinking;

internal sealed partial class SinkRun
{
    // Takes what is stored to the group, and begins to store what is due. When it returns no batch is full, or nothing is read: a batch that took a record
    // more would be another block than the one that is to be made again.
    private async Task StoreAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (_writing is { IsCompleted: true })
            {
                await FinishAsync(last: false).ConfigureAwait(false);
            }
            if (_writing is null && Due() is { } due)
            {
                Begin(due);
            }
            if (_writing is null || !_lanes.Exists(IsFull))
            {
                break;
            }
            // A batch is filled before its predecessor is stored: a little patience keeps what the client has fetched already, a pause would not.
            if (!_paused)
            {
                await Task.WhenAny(_writing, Task.Delay(HoldBack, _context.Time, cancellationToken)).ConfigureAwait(false);
            }
            if (!_writing.IsCompleted)
            {
                if (!_paused)
                {
                    _consumer.Pause(_laneOf.Keys, pause: true);
                    _paused = true;
                }
                return;
            }
        }
        if (_paused)
        {
            _consumer.Pause(_laneOf.Keys, pause: false);
            _paused = false;
        }
    }

    private SinkLane? Due() => _lanes.Find(IsFull)
        ?? _lanes.Find(lane => lane.Filling.Records.Count > 0 && _context.Time.GetElapsedTime(lane.Filling.Began) >= _options.BatchAge && lane.RedoUntil is null);

    private void Begin(SinkLane lane)
    {
        var full = IsFull(lane);
        var batch = lane.Swap();
        _written = (lane, batch, full);
        _writing = Task.Run(() => WriteAsync(lane, batch, _giveUp.Token));
    }

    private async Task WriteAsync(SinkLane lane, SinkBatch batch, CancellationToken cancellationToken)
    {
        await _context.Lease.EnsureHeldAsync(cancellationToken).ConfigureAwait(false);
        if (_options.Stream == SinkStream.Depth)
        {
            var (first, last) = (batch.Records[0], batch.Records[^1].Offset);
            batch.Token = _blocks is null
                ? $"{_options.Topic}/{_topic.Incarnation}/{first.Partition}/{first.Offset}-{last}"
                : await _blocks.BeginAsync(first.Partition, lane.Claim, first.Offset, last, cancellationToken).ConfigureAwait(false);
        }
        await _writer.WriteAsync(batch, cancellationToken).ConfigureAwait(false);
        if (_blocks is not null)
        {
            await _blocks.EndAsync(batch.Records[0].Partition, lane.Claim, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task FinishAsync(bool last)
    {
        var (lane, batch, full) = _written;
        var writing = _writing!;
        (_writing, _written) = (null, default);
        try
        {
            await writing.ConfigureAwait(false);
            _consumer.Store(batch.Next);
            foreach (var (partition, next) in batch.Next)
            {
                _stored[partition] = next;
            }
            Tell(batch, full, last);
        }
        catch (PartitionLostException lost)
        {
            LogNotOurs(lost.Message);
        }
        finally
        {
            batch.Clear();
            if (lane.Partitions.Count == 0)
            {
                _lanes.Remove(lane);
                lane.Dispose();
            }
        }
    }

    // Stores whatever was read, as long as it does not take too long.
    private async Task FlushAsync(TimeSpan within, bool last)
    {
        try
        {
            using var deadline = new CancellationTokenSource(within, _context.Time);
            while (true)
            {
                if (_writing is not null)
                {
                    await _writing.WaitAsync(deadline.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    if (!_writing.IsCompleted)
                    {
                        LogNotFlushed(within.TotalSeconds);
                        return;
                    }
                    await FinishAsync(last).ConfigureAwait(false);
                }
                if (_lanes.Find(lane => lane.Filling.Records.Count > 0 && (lane.RedoUntil is null || lane.IsClosed)) is not { } lane)
                {
                    break;
                }
                Begin(lane);
            }
            _consumer.Commit();
        }
#pragma warning disable CA1031 // Whatever could not be stored is read again.
        catch (Exception problem)
#pragma warning restore CA1031
        {
            LogFlushFailed(problem.Message);
        }
    }

    private void Tell(SinkBatch batch, bool full, bool last)
    {
        var rows = batch.Rows.Rows;
        _context.Figures.Handled(rows);
        if (rows == 0)
        {
            return;
        }
        if (last)
        {
            LogFinal(rows);
        }
        else if (_options.Stream == SinkStream.Trades)
        {
            if (full)
            {
                LogFull(rows);
            }
            else
            {
                LogPartial(rows);
            }
        }
        else if (full)
        {
            LogFullDepth(rows, batch.Records.Count);
        }
        else
        {
            LogPartialDepth(rows);
        }
    }

    [LoggerMessage(LogLevel.Information, "Inserted a full batch of {Rows} records.")]
    private partial void LogFull(int rows);

    [LoggerMessage(LogLevel.Information, "Inserted a partial batch of {Rows} records due to timeout.")]
    private partial void LogPartial(int rows);

    [LoggerMessage(LogLevel.Information, "Inserted full batch of {Rows} records ({Messages} messages processed).")]
    private partial void LogFullDepth(int rows, int messages);

    [LoggerMessage(LogLevel.Information, "Inserted partial batch of {Rows} records due to timeout.")]
    private partial void LogPartialDepth(int rows);

    [LoggerMessage(LogLevel.Information, "Inserted final batch of {Rows} records before shutdown.")]
    private partial void LogFinal(int rows);

    [LoggerMessage(LogLevel.Warning, "A batch is given up: {Problem} Its new owner stores it")]
    private partial void LogNotOurs(string problem);

    [LoggerMessage(LogLevel.Warning, "The last batch could not be stored within {Seconds:0.#} s; it is read again, nothing is lost")]
    private partial void LogNotFlushed(double seconds);

    [LoggerMessage(LogLevel.Warning, "The last batch could not be stored ({Problem}); it is read again, nothing is lost")]
    private partial void LogFlushFailed(string problem);
}
