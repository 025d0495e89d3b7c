using Microsoft.Extensions.Logging;
using Radar.Market.ClickHouse;
using Radar.Market.Topics;

namespace Radar.Workers.Sinking;

/// <summary>
/// Stores a batch whatever it takes: a server that is away is waited for, a batch that is refused is parted until the culprit is alone, and that is set
/// aside. It is done when every record of the batch is either in the table or among the dead letters.
/// </summary>
internal sealed partial class BatchWriter(
    ClickHouseClient server, TableDefinition table, DeadLetterOffice office, string topic, string worker, Action<string?> activity, TimeProvider time, ILogger<BatchWriter> logger)
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(0.25);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(10);
    private readonly ILogger _logger = logger;
    private long _lastInsert;

    /// <summary>Batches stored.</summary>
    public long Batches { get; private set; }

    /// <summary>Records set aside.</summary>
    public long DeadLetters { get; private set; }

    /// <summary>How long ago a batch was stored; null: none was.</summary>
    public TimeSpan? SinceInsert => Batches == 0 ? null : time.GetElapsedTime(Volatile.Read(ref _lastInsert));

    /// <summary>Stores it.</summary>
    public async Task WriteAsync(SinkBatch batch, CancellationToken cancellationToken)
    {
        var dead = batch.Problems == 0 ? [] : batch.Records.Where(record => record.Problem is not null).Select(record => Letter(batch, record, record.Problem!)).ToList();
        if (batch.Rows.Rows > 0)
        {
            await PartAsync(batch, 0, batch.Records.Count, dead, cancellationToken).ConfigureAwait(false);
            Volatile.Write(ref _lastInsert, time.GetTimestamp());
            Batches++;
        }
        if (dead.Count > 0)
        {
            foreach (var letter in dead.Take(3))
            {
                LogSetAside(letter.Topic, letter.Partition, letter.Offset, letter.Reason);
            }
            if (dead.Count > 3)
            {
                LogMore(dead.Count - 3);
            }
            await office.DeliverAsync(dead, problem => activity($"waiting: {problem}"), cancellationToken).ConfigureAwait(false);
            activity(null);
            DeadLetters += dead.Count;
        }
    }

    private async Task PartAsync(SinkBatch batch, int from, int to, List<DeadLetter> dead, CancellationToken cancellationToken)
    {
        var first = batch.Records[from].FirstRow;
        var rows = (to == batch.Records.Count ? batch.Rows.Rows : batch.Records[to].FirstRow) - first;
        if (rows == 0)
        {
            return;
        }
        try
        {
            // Parts of a block are parted the same way whenever it is parted, so they have names of their own.
            var whole = from == 0 && to == batch.Records.Count;
            await InsertAsync(batch.Rows.Slice(first, rows), batch.Token is { } token && !whole ? $"{token}/{from}-{to}" : batch.Token, cancellationToken).ConfigureAwait(false);
        }
        catch (ClickHouseException refused) when (refused.Fault == ClickHouseFault.Rows)
        {
            if (to - from == 1)
            {
                dead.Add(Letter(batch, batch.Records[from], $"refused by ClickHouse: {refused.Message}"));
                return;
            }
            var middle = from + ((to - from) / 2);
            await PartAsync(batch, from, middle, dead, cancellationToken).ConfigureAwait(false);
            await PartAsync(batch, middle, to, dead, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task InsertAsync(ReadOnlyMemory<byte> rows, string? token, CancellationToken cancellationToken)
    {
        for (var pause = FirstRetry; ; pause = pause * 2 < LongestRetry ? pause * 2 : LongestRetry)
        {
            try
            {
                await server.InsertAsync(table, rows, token, cancellationToken).ConfigureAwait(false);
                if (pause > FirstRetry)
                {
                    activity(null);
                    LogBack();
                }
                return;
            }
            catch (ClickHouseException away) when (away.Fault != ClickHouseFault.Rows)
            {
                LogAway(pause.TotalSeconds, away.Message);
                activity(away.IsTransient ? $"waiting for ClickHouse: {away.Message}" : $"waiting for somebody to act: {away.Message}");
                server.ForgetFeatures();
                await Task.Delay(pause, time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private DeadLetter Letter(SinkBatch batch, in SinkRecord record, string reason) =>
        DeadLetter.Of(topic, record.Partition, record.Offset, record.Timestamp, batch.ValueOf(record), reason, worker);

    [LoggerMessage(LogLevel.Warning, "Set aside {Topic}[{Partition}] offset {Offset}: {Reason}")]
    private partial void LogSetAside(string topic, int partition, long offset, string reason);

    [LoggerMessage(LogLevel.Warning, "and {Count} more of this batch: ./radar dead-letters list shows them")]
    private partial void LogMore(int count);

    [LoggerMessage(LogLevel.Warning, "The batch could not be inserted and is kept; trying again in {Delay:0.##} s: {Problem}")]
    private partial void LogAway(double delay, string problem);

    [LoggerMessage(LogLevel.Information, "ClickHouse takes batches again")]
    private partial void LogBack();
}
