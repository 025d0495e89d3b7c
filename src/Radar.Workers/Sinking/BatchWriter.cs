using Microsoft.Extensions.Logging;
using Radar.Market.ClickHouse;
using Radar.Market.Topics;

namespace Radar.Workers.Sinking;

/// <summary>
/// Stores batches, also two at a time, whatever it takes: a server that is away is waited for, a batch that is refused is parted until the culprit is alone, and that is set
/// aside. It is done when every record of the batch is either in the table or among the dead letters.
/// </summary>
internal sealed partial class BatchWriter(
    ClickHouseClient server, TableDefinition table, DeadLetterOffice office, string topic, string worker, Action<string?> activity, TimeProvider time, ILogger<BatchWriter> logger)
{
    private const int MostLogged = 3; // Of a batch.
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(0.25);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(10);
    private readonly ILogger _logger = logger;
    private long _lastInsert;
    private long _batches;
    private long _deadLetters;

    /// <summary>Batches stored.</summary>
    public long Batches => Interlocked.Read(ref _batches);

    /// <summary>Records set aside.</summary>
    public long DeadLetters => Interlocked.Read(ref _deadLetters);

    /// <summary>How long ago a batch was stored; null: none was.</summary>
    public TimeSpan? SinceInsert => Batches == 0 ? null : time.GetElapsedTime(Volatile.Read(ref _lastInsert));

    /// <summary>Stores it.</summary>
    /// <param name="batch">What to store.</param>
    /// <param name="begin">
    /// Writes down which offsets are inserted next, all before them being stored or set aside, and gives them their token; null: they may be stored twice.
    /// </param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task WriteAsync(SinkBatch batch, Func<long, long, CancellationToken, Task<string>>? begin, CancellationToken cancellationToken)
    {
        await PartAsync(batch, 0, batch.Records.Count, begin, cancellationToken).ConfigureAwait(false);
        if (batch.Aside > MostLogged)
        {
            LogMore(batch.Aside - MostLogged);
        }
        if (batch.Rows.Rows > 0)
        {
            Volatile.Write(ref _lastInsert, time.GetTimestamp());
            Interlocked.Increment(ref _batches);
        }
    }

    // Each part is a block of its own, begun when those before it are done with: whatever happens in between, only one block may be stored or not.
    private async Task PartAsync(SinkBatch batch, int from, int to, Func<long, long, CancellationToken, Task<string>>? begin, CancellationToken cancellationToken)
    {
        var token = begin is null ? null : await begin(batch.Records[from].Offset, batch.Records[to - 1].Offset, cancellationToken).ConfigureAwait(false);
        var first = batch.Records[from].FirstRow;
        var rows = (to == batch.Records.Count ? batch.Rows.Rows : batch.Records[to].FirstRow) - first;
        string? refusal = null;
        try
        {
            if (rows > 0)
            {
                await InsertAsync(batch.Rows.Slice(first, rows), token, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (ClickHouseException refused) when (refused.Fault == ClickHouseFault.Rows)
        {
            if (to - from > 1)
            {
                var middle = from + ((to - from) / 2);
                await PartAsync(batch, from, middle, begin, cancellationToken).ConfigureAwait(false);
                await PartAsync(batch, middle, to, begin, cancellationToken).ConfigureAwait(false);
                return;
            }
            refusal = $"refused by ClickHouse: {refused.Message}";
        }
        if (batch.Problems > 0 || refusal is not null)
        {
            await SetAsideAsync(batch, from, to, refusal, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task SetAsideAsync(SinkBatch batch, int from, int to, string? refusal, CancellationToken cancellationToken)
    {
        var dead = new List<DeadLetter>();
        for (var at = from; at < to; at++)
        {
            if (batch.Records[at] is var record && (record.Problem ?? refusal) is { } reason)
            {
                dead.Add(DeadLetter.Of(topic, record.Partition, record.Offset, record.Timestamp, batch.ValueOf(record), reason, worker));
            }
        }
        if (dead.Count == 0)
        {
            return;
        }
        foreach (var letter in dead.Take(MostLogged - batch.Aside))
        {
            LogSetAside(letter.Topic, letter.Partition, letter.Offset, letter.Reason);
        }
        batch.Aside += dead.Count;
        await office.DeliverAsync(dead, problem => activity($"waiting: {problem}"), cancellationToken).ConfigureAwait(false);
        activity(null);
        Interlocked.Add(ref _deadLetters, dead.Count);
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

    [LoggerMessage(LogLevel.Warning, "Set aside {Topic}[{Partition}] offset {Offset}: {Reason}")]
    private partial void LogSetAside(string topic, int partition, long offset, string reason);

    [LoggerMessage(LogLevel.Warning, "and {Count} more of this batch: ./radar dead-letters list shows them")]
    private partial void LogMore(int count);

    [LoggerMessage(LogLevel.Warning, "The batch could not be inserted and is kept; trying again in {Delay:0.##} s: {Problem}")]
    private partial void LogAway(double delay, string problem);

    [LoggerMessage(LogLevel.Information, "ClickHouse takes batches again")]
    private partial void LogBack();
}
