using Confluent.Kafka;
using Radar.Market.Topics;

namespace Radar.Workers.Consuming;

internal sealed partial class PredictionConsumer
{
    // Stored offsets count only in the topic they were taken from.
    private async Task AssignAsync(CandleTopicReader reader, CancellationToken cancellationToken)
    {
        _incarnation = await TopicIncarnation.ReadAsync(options.BootstrapServers, id.Crypto, cancellationToken).ConfigureAwait(false);
        var marks = await _store.ReadOffsetsAsync(_context.Id.Value, id.Crypto, cancellationToken).ConfigureAwait(false);
        var mark = marks.FirstOrDefault(m => m.Incarnation == _incarnation);
        _next = mark?.NextOffset ?? 0;
        reader.StartAt(mark?.NextOffset);
        LogAssigned(id, id.Crypto, mark?.NextOffset.ToString() ?? "the earliest offset");
    }

    private async Task LookAtBrokerAsync(CandleTopicReader reader, CancellationToken cancellationToken)
    {
        if (!reader.BrokerWasAway())
        {
            return;
        }
        try
        {
            var incarnation = await TopicIncarnation.ReadAsync(options.BootstrapServers, id.Crypto, cancellationToken).ConfigureAwait(false);
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
        catch (BrokerException away) when (away.IsTransient)
        {
            reader.StillSuspect();
            if (_context.Activity is null)
            {
                LogBrokerAway(id, away.Message);
                _context.Activity = "waiting for Kafka; predicting from the candle table meanwhile";
            }
        }
    }

    private async Task SetAsideAsync(ConsumeResult<byte[], byte[]> record, string problem, CancellationToken cancellationToken)
    {
        _unreadable++;
        _context.Figures.Set("unreadable", _unreadable);
        _dead.Keep(record, problem);
        LogUnreadable(id, record.Topic, record.Partition.Value, record.Offset.Value, problem, _dead.Path);
        await _context.Reports.TellAsync(
            _context.Lease.Fence, "unreadable record", $"{record.Topic}[{record.Partition.Value}] offset {record.Offset.Value}: {problem}", cancellationToken)
            .ConfigureAwait(false);
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
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            CsvFailed(problem);
        }
    }

    private async Task SyncCsvAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _context.Lease.EnsureHeldAsync(cancellationToken).ConfigureAwait(false);
            await _csv.SyncAsync(cancellationToken).ConfigureAwait(false);
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
