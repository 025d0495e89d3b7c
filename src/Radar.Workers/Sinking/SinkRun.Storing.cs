using System.Globalization;
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
            while (IsStored)
            {
                await FinishAsync(last: false).ConfigureAwait(false);
            }
            while (_writes.Count < MostAtOnce && Due() is { } due)
            {
                Begin(due);
            }
            if (_writes.Count < MostAtOnce || !_lanes.Exists(IsFull))
            {
                break;
            }
            // A batch is filled before its predecessor is stored: a little patience keeps what the client has fetched already, a pause would not.
            if (!_paused)
            {
                await Task.WhenAny(_writes.Peek().Storing, Task.Delay(HoldBack, _context.Time, cancellationToken)).ConfigureAwait(false);
            }
            if (!IsStored)
            {
                if (!_paused)
                {
                    _consumer.Pause(_laneOf.Keys, pause: true);
                    (_paused, _pausedAt) = (true, _context.Time.GetTimestamp());
                }
                return;
            }
        }
        if (_paused)
        {
            _consumer.Pause(_laneOf.Keys, pause: false);
            _paused = false;
            if (_context.Time.GetElapsedTime(_pausedAt) >= LongPause)
            {
                _topic.Doubt();
            }
        }
    }

    // While the server sorts one batch of trades it can read the next. Blocks of order books follow each other.
    private int MostAtOnce => _options.Stream == SinkStream.Trades ? 2 : 1;

    // The one that waits longest: where one partition always fills its batch, the others have their turn all the same.
    private SinkLane? Due() => _lanes.Where(lane => IsFull(lane) || IsOld(lane)).MinBy(lane => lane.Filling.Began);

    private bool IsOld(SinkLane lane) =>
        lane.Redo is null && lane.Filling.Records.Count > 0 && _context.Time.GetElapsedTime(lane.Filling.Began) >= _options.BatchAge;

    private void Begin(SinkLane lane)
    {
        var full = IsFull(lane);
        var batch = lane.Swap();
        _writes.Enqueue(new(lane, batch, full, Task.Run(() => WriteAsync(lane, batch, _giveUp.Token))));
    }

    private async Task WriteAsync(SinkLane lane, SinkBatch batch, CancellationToken cancellationToken)
    {
        await _context.Lease.EnsureHeldAsync(cancellationToken).ConfigureAwait(false);
        await _writer.WriteAsync(batch, _options.Stream == SinkStream.Depth ? Names(lane, batch) : null, cancellationToken).ConfigureAwait(false);
        if (_blocks is not null)
        {
            await _blocks.EndAsync(batch.Records[0].Partition, lane.Claim, cancellationToken).ConfigureAwait(false);
        }
    }

    // A block that is made again keeps its name, even where the topic has lost some of its records since: the server knows it, or has none of it.
    private Func<long, long, CancellationToken, Task<string>> Names(SinkLane lane, SinkBatch batch)
    {
        var (partition, again) = (batch.Records[0].Partition, batch.Again);
        if (_blocks is null)
        {
            return (first, last, _) => Task.FromResult(string.Create(CultureInfo.InvariantCulture, $"{_options.Topic}/{_topic.Incarnation}/{partition}/{first}-{last}"));
        }
        return async (first, last, token) =>
        {
            if (again is not { } block)
            {
                return await _blocks.BeginAsync(partition, lane.Claim, first, last, token).ConfigureAwait(false);
            }
            again = null; // Its parts, should the server refuse it, are blocks of their own.
            await _blocks.BeginAgainAsync(partition, lane.Claim, token).ConfigureAwait(false);
            return block.Token;
        };
    }

    private async Task FinishAsync(bool last)
    {
        var (lane, batch, full, storing) = _writes.Dequeue();
        try
        {
            await storing.ConfigureAwait(false);
            _consumer.Store(batch.Next);
            foreach (var (partition, next) in batch.Next)
            {
                _stored[partition] = next;
            }
            Tell(batch, full, last);
        }
        catch (PartitionLostException lost) when (!lane.Partitions.Contains(batch.Records[0].Partition))
        {
            LogNotOurs(lost.Message);
        }
        finally
        {
            lane.GiveBack(batch);
            if (lane.Partitions.Count == 0 && _writes.All(write => write.Lane != lane))
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
                while (_writes.TryPeek(out var oldest))
                {
                    await oldest.Storing.WaitAsync(deadline.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    if (!oldest.Storing.IsCompleted)
                    {
                        LogNotFlushed(within.TotalSeconds);
                        return;
                    }
                    await FinishAsync(last).ConfigureAwait(false);
                }
                if (_lanes.Find(lane => lane.Filling.Records.Count > 0 && (lane.Redo is null || lane.IsClosed)) is not { } lane)
                {
                    break;
                }
                Begin(lane);
            }
            if (!await _consumer.CommitAsync(deadline.Token).ConfigureAwait(false))
            {
                LogNotTold(within.TotalSeconds);
            }
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

    [LoggerMessage(LogLevel.Warning, "The group could not be told within {Seconds:0.#} s what is stored; some of it is read again, and stored once")]
    private partial void LogNotTold(double seconds);

    [LoggerMessage(LogLevel.Warning, "The last batch could not be stored ({Problem}); it is read again, nothing is lost")]
    private partial void LogFlushFailed(string problem);
}
