using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Radar.Workers.Producing.Wallex;

/// <summary>
/// Asks REST for what no socket told: after each gap, and of every market now and then. A market is asked again until REST answers or too often did not;
/// what REST does not reach back to is listed.
/// </summary>
internal sealed partial class TradeRepair(
    TradeBook book, WallexRestClient rest, GapList gaps, WallexOptions options, Func<byte[], Action<bool>?, ValueTask> publish, Func<bool> isBehind, Action<string> mistrust,
    TimeProvider time, ILogger<TradeRepair> logger)
{
    private const int AtOnce = 4;
    private const int MostTries = 20;
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan SocketsTurn = TimeSpan.FromSeconds(10);

    private readonly ILogger _logger = logger;
    private readonly ConcurrentDictionary<string, int> _waiting = new(StringComparer.Ordinal);
    private readonly Channel<string> _queue = Channel.CreateUnbounded<string>(); // Bounded by the number of markets: each is in it once.
    private long _repaired;

    /// <summary>Trades published because REST told them.</summary>
    public long Repaired => Interlocked.Read(ref _repaired);

    /// <summary>Repairs a market when its turn comes, if it has a gap that is over.</summary>
    public void Enqueue(string symbol)
    {
        if (book.Of(symbol).Gap is { IsOver: true } && _waiting.TryAdd(symbol, 0))
        {
            _queue.Writer.TryWrite(symbol);
        }
    }

    /// <summary>Repairs a market that has a gap which is over with what REST told earlier.</summary>
    public async Task TakeAsync(string symbol, IReadOnlyList<TradeText> told, CancellationToken cancellationToken)
    {
        if (book.Of(symbol).Gap is { IsOver: true } gap)
        {
            await RepairAsync(symbol, gap, told, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Repairs until it is stopped.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var workers = Enumerable.Range(0, AtOnce).Select(_ => Task.Run(() => RepairAsync(stop.Token), CancellationToken.None)).ToList();
        var first = await Task.WhenAny(workers).ConfigureAwait(false); // Stopped, or a fault of ours, which the others must not hide.
        await stop.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(workers).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first.ConfigureAwait(false);
    }

    /// <summary>Holds each market against REST once in a while, until it is stopped.</summary>
    /// <param name="symbols">The markets of the moment.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task AuditAsync(Func<IReadOnlyList<string>> symbols, CancellationToken cancellationToken)
    {
        if (options.AuditEvery == TimeSpan.Zero)
        {
            return;
        }
        while (true)
        {
            var all = symbols();
            foreach (var symbol in all)
            {
                await Task.Delay(options.AuditEvery / all.Count, time, cancellationToken).ConfigureAwait(false);
                await AuditAsync(symbol, cancellationToken).ConfigureAwait(false);
            }
            if (all.Count == 0)
            {
                await Task.Delay(Retry, time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task RepairAsync(CancellationToken cancellationToken)
    {
        await foreach (var symbol in _queue.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            try
            {
                await RepairAsync(symbol, cancellationToken).ConfigureAwait(false);
                End(symbol);
            }
            catch (WallexRestException away)
            {
                await LaterAsync(symbol, away, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    // What was lost and listened to again meanwhile found it in the queue still.
    private void End(string symbol)
    {
        _waiting.TryRemove(symbol, out _);
        Enqueue(symbol);
    }

    private async Task RepairAsync(string symbol, CancellationToken cancellationToken)
    {
        if (book.Of(symbol).Gap is { IsOver: true } gap)
        {
            await RepairAsync(symbol, gap, await rest.TradesAsync(symbol, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task RepairAsync(string symbol, TradeGap gap, IReadOnlyList<TradeText> told, CancellationToken cancellationToken)
    {
        var compared = book.Compare(symbol, told, gap, until: null);
        await DeliverAsync(symbol, compared.Missing, cancellationToken).ConfigureAwait(false);
        if (compared.Missing.Count > 0)
        {
            if (gap.From is { } from)
            {
                LogRepaired(symbol, compared.Missing.Count, from.UtcDateTime);
            }
            else
            {
                LogBegun(symbol, compared.Missing.Count);
            }
        }
        if (!compared.Reaches)
        {
            var lost = gap.From ?? time.GetUtcNow();
            var since = gap.Last is { } last && DateTimeOffset.FromUnixTimeSeconds(last.Second) is var heard && heard > lost ? heard : lost;
            var until = compared.Disagreement is null && compared.Oldest is { } oldest ? oldest : time.GetUtcNow();
            gaps.Add(symbol, since, until, compared.Disagreement ?? $"REST tells {told.Count} trades, which do not reach back so far");
        }
        book.Of(symbol).Close(gap);
    }

    // A gap is closed when the broker has what was missing: until then a crash would lose it again.
    private async Task DeliverAsync(string symbol, IReadOnlyList<TradeText> missing, CancellationToken cancellationToken)
    {
        var delivered = new List<Task>();
        foreach (var trade in missing)
        {
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await publish(trade.Frame(symbol), _ => done.TrySetResult()).ConfigureAwait(false);
            delivered.Add(done.Task);
        }
        await Task.WhenAll(delivered).WaitAsync(cancellationToken).ConfigureAwait(false);
        Interlocked.Add(ref _repaired, missing.Count);
    }

    private async Task LaterAsync(string symbol, WallexRestException away, CancellationToken cancellationToken)
    {
        var tries = _waiting.AddOrUpdate(symbol, 1, (_, before) => before + 1);
        if (tries < MostTries)
        {
            if (tries == 1)
            {
                LogLater(symbol, away.Message);
            }
            var pause = away.After ?? Retry * Math.Min(tries, 10);
            await Task.Delay(pause / AtOnce, time, cancellationToken).ConfigureAwait(false);
            _queue.Writer.TryWrite(symbol);
            return;
        }
        if (book.Of(symbol).Gap is { IsOver: true } gap)
        {
            gaps.Add(symbol, gap.From ?? time.GetUtcNow(), time.GetUtcNow(), away.Message);
            book.Of(symbol).Close(gap);
        }
        End(symbol);
    }

    // A connection may live and leave a market out: only REST can tell.
    private async Task AuditAsync(string symbol, CancellationToken cancellationToken)
    {
        if (book.Of(symbol).Gap is not null || isBehind())
        {
            return;
        }
        try
        {
            var asked = time.GetUtcNow();
            var told = await rest.TradesAsync(symbol, cancellationToken).ConfigureAwait(false);
            if (book.Of(symbol).Gap is not null)
            {
                return; // It was lost meanwhile, which is repaired in its own turn.
            }
            var compared = book.Compare(symbol, told, gap: null, asked - SocketsTurn);
            await DeliverAsync(symbol, compared.Missing, cancellationToken).ConfigureAwait(false);
            if (compared.Missing.Count > 0)
            {
                LogSilent(symbol, compared.Missing.Count);
                mistrust(symbol);
            }
        }
        catch (WallexRestException)
        {
            // Its turn comes again.
        }
    }

    [LoggerMessage(LogLevel.Information, "Repaired {Symbol}: {Count} trade(s) that REST had and no socket told, since {Since:yyyy-MM-dd HH:mm:ss} UTC")]
    private partial void LogRepaired(string symbol, int count, DateTime since);

    [LoggerMessage(LogLevel.Information, "{Symbol} begins with {Count} trade(s) that REST still had")]
    private partial void LogBegun(string symbol, int count);

    [LoggerMessage(LogLevel.Warning, "The gap of {Symbol} cannot be repaired yet: {Problem}")]
    private partial void LogLater(string symbol, string problem);

    [LoggerMessage(LogLevel.Warning, "The connection of {Symbol} did not tell {Count} trade(s) that REST has; they are published now, and it is replaced")]
    private partial void LogSilent(string symbol, int count);
}
