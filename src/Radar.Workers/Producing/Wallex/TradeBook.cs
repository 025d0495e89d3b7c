using System.Collections.Concurrent;

namespace Radar.Workers.Producing.Wallex;

/// <summary>What is known of the trades of all markets.</summary>
internal sealed class TradeBook
{
    private readonly ConcurrentDictionary<string, SymbolTrades> _symbols = new(StringComparer.Ordinal);
    private readonly TradeTail _tail;
    private readonly IReadOnlyDictionary<string, DateTimeOffset> _open;
    private long _openings;
    private int _fullWindow = 1;

    /// <param name="tail">What the topic holds already.</param>
    /// <param name="open">Gaps that a predecessor did not come to repair, and since when.</param>
    public TradeBook(TradeTail tail, IReadOnlyDictionary<string, DateTimeOffset> open)
    {
        (_tail, _open) = (tail, open);
        foreach (var (symbol, trade, published) in tail.Trades)
        {
            Of(symbol).Recall(trade, published);
            Writing.Note(trade);
        }
    }

    /// <summary>How decimals are written.</summary>
    public TradeWriting Writing { get; } = new();

    /// <summary>Counts gaps that were opened.</summary>
    public long Openings => Interlocked.Read(ref _openings);

    /// <summary>Markets that have a gap, and since when; those that nobody ever listened to have none.</summary>
    public Dictionary<string, DateTimeOffset> OpenSince() =>
        _symbols.Select(market => (market.Key, market.Value.Gap?.From)).Where(market => market.From is not null).ToDictionary(market => market.Key, market => market.From!.Value);

    /// <summary>Nobody listens to a market any more.</summary>
    public void Lose(string symbol, DateTimeOffset since)
    {
        Of(symbol).Lose(since);
        Interlocked.Increment(ref _openings);
    }

    /// <summary>A market's trades.</summary>
    public SymbolTrades Of(string symbol)
    {
        if (_symbols.TryGetValue(symbol, out var known))
        {
            return known;
        }
        DateTimeOffset? begin = _open.TryGetValue(symbol, out var since) && !(since > _tail.CompleteUntil) ? since : _tail.CompleteUntil;
        var made = _symbols.GetOrAdd(symbol, new SymbolTrades(_tail.CompleteFrom.ToUnixTimeSeconds(), begin));
        Interlocked.Increment(ref _openings);
        return made;
    }

    /// <summary>Holds what REST tells of a market against what was published.</summary>
    public TradeComparison Compare(string symbol, IReadOnlyList<TradeText> told, TradeGap? gap, DateTimeOffset? until)
    {
        InterlockedMax(told.Count);
        return Of(symbol).Compare(told, gap, Volatile.Read(ref _fullWindow), until, Writing);
    }

    private void InterlockedMax(int count)
    {
        for (var seen = Volatile.Read(ref _fullWindow); count > seen; seen = Volatile.Read(ref _fullWindow))
        {
            Interlocked.CompareExchange(ref _fullWindow, count, seen);
        }
    }
}
