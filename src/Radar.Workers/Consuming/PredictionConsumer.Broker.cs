using Confluent.Kafka;
using Radar.Market.Topics;

namespace Radar.Workers.Consuming;

internal sealed partial class PredictionConsumer
{
    // Stored offsets count only in the topic they were taken from.
    private async Task AssignAsync(CandleTopicReader reader, CancellationToken cancellationToken)
    {
        // The client's own patience is longer than ours when we are told to stop: it ends by itself.
        _incarnation = await TopicIncarnation.ReadAsync(options.BootstrapServers, id.Crypto, cancellationToken).WaitAsync(cancellationToken).ConfigureAwait(false);
        var marks = await _store.ReadOffsetsAsync(_context.Id.Value, id.Crypto, cancellationToken).ConfigureAwait(false);
        var mark = marks.FirstOrDefault(m => m.Incarnation == _incarnation);
        _next = mark?.NextOffset ?? 0;
        reader.StartAt(mark?.NextOffset);
        LogAssigned(id, id.Crypto, mark?.NextOffset.ToString() ?? "the earliest offset");
    }

    // Beside the work, since a broker that is away takes seconds to say nothing.
    private async Task LookAtBrokerAsync(CandleTopicReader reader, CancellationToken cancellationToken)
    {
        if (_look is null)
        {
            if (!reader.BrokerWasAway())
            {
                return;
            }
            _look = TopicIncarnation.ReadAsync(options.BootstrapServers, id.Crypto, CancellationToken.None);
        }
        await ((Task)_look).WaitAsync(AtOnce, _context.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
        if (_look.IsCompletedSuccessfully)
        {
            await GoOnAsync(reader, await _look.ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        }
        else if (_context.Activity is null)
        {
            LogBrokerAway(id, _look.Exception?.InnerException?.Message ?? $"no answer from '{options.BootstrapServers}' yet");
            _context.Activity = "waiting for Kafka; predicting from the candle table meanwhile";
        }
        if (_look.IsFaulted)
        {
            reader.StillSuspect();
        }
        _look = _look.IsCompleted ? null : _look;
    }

    private async Task GoOnAsync(CandleTopicReader reader, string incarnation, CancellationToken cancellationToken)
    {
        if (incarnation != _incarnation)
        {
            LogOtherTopic(id, id.Crypto);
            await AssignAsync(reader, cancellationToken).ConfigureAwait(false);
        }
        if (_context.Activity is not null)
        {
            LogBrokerBack(id);
            _context.Activity = null;
        }
    }

    private async Task SetAsideAsync(ConsumeResult<byte[], byte[]> record, string problem, CancellationToken cancellationToken)
    {
        // First what proves the fence: one that was replaced leaves the record to its successor.
        await _context.Lease.EnsureHeldAsync(cancellationToken).ConfigureAwait(false);
        await _context.Reports.TellAsync(
            _context.Lease.Fence, "unreadable record", $"{record.Topic}[{record.Partition.Value}] offset {record.Offset.Value}: {problem}", cancellationToken)
            .ConfigureAwait(false);
        _dead.Keep(record, problem);
        _unreadable++;
        _context.Figures.Set("unreadable", _unreadable);
        LogUnreadable(id, record.Topic, record.Partition.Value, record.Offset.Value, problem, _dead.Path);
    }

    private async Task AppendCsvAsync(CancellationToken cancellationToken)
    {
        if (_predictions.Count == 0)
        {
            return;
        }
        try
        {
            await _context.Lease.EnsureHeldAsync(cancellationToken).ConfigureAwait(false);
            await _csv.AppendAsync(_predictions, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            CsvFailed(problem);
        }
    }

    private Task SyncCsvAsync(CancellationToken cancellationToken) => BringCsvLevelAsync(_csv.SyncAsync, cancellationToken);

    private async Task BringCsvLevelAsync(Func<CancellationToken, Task> write, CancellationToken cancellationToken)
    {
        try
        {
            await _context.Lease.EnsureHeldAsync(cancellationToken).ConfigureAwait(false);
            await write(cancellationToken).ConfigureAwait(false);
            _csvIsBehind = false;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            CsvFailed(problem);
        }
    }

    // The file follows the table; that it cannot be written is no reason not to predict.
    private void CsvFailed(Exception problem)
    {
        if (!_csvIsBehind)
        {
            LogCsvFailed(id, problem.Message);
        }
        _csvIsBehind = true;
    }
}
