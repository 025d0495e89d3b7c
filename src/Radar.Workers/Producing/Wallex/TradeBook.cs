using System.Collections.Concurrent;

namespace Radar.Workers.Producing.Wallex;

/// <summary>What is known of the trades of all markets.</summary>
internal sealed class TradeBook
{
    private readonly ConcurrentDictionary<string, SymbolTrades> _symbols = new(StringComparer.Ordinal);
    private readonly IReadOnlyDictionary<string, DateTimeOffset> _open;
    private readonly Dictionary<string, DateTimeOffset> _last = new(StringComparer.Ordinal);
    private long _openings;
    private TradeTail _tail = new([], DateTimeOffset.MinValue, null);
    private int _fullWindow = 1;

    /// <param name="open">Gaps that a predecessor did not come to repair, and since when.</param>
    public TradeBook(IReadOnlyDictionary<string, DateTimeOffset> open) => _open = open;

    /// <summary>Before anything else: what the topic holds already.</summary>
    public void Begin(TradeTail tail)
    {
        _tail = tail;
        foreach (var (symbol, trade) in tail.Trades)
        {
            _last[symbol] = _last.TryGetValue(symbol, out var last) && last > trade.Time ? last : trade.Time;
        }
        foreach (var (symbol, trade) in tail.Trades)
        {
            Of(symbol).Recall(trade);
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

    /// <summary>What a connection had still to tell of a market is lost.</summary>
    public void Lose(string symbol, DateTimeOffset since, long socket)
    {
        Of(symbol).Lose(since, socket);
        Interlocked.Increment(ref _openings);
    }

    /// <summary>A market's trades.</summary>
    public SymbolTrades Of(string symbol)
    {
        if (_symbols.TryGetValue(symbol, out var known))
        {
            return known;
        }
        var made = _symbols.GetOrAdd(symbol, new SymbolTrades(_tail.CompleteFrom.ToUnixTimeSeconds(), Begin(symbol)));
        Interlocked.Increment(ref _openings);
        return made;
    }

    // By the time of its trades, not by when they were published: a connection may have been behind, and each as far as it liked.
    private DateTimeOffset? Begin(string symbol)
    {
        DateTimeOffset? begin = _tail.CompleteUntil is { } until ? Earlier(until, _last.GetValueOrDefault(symbol, _tail.CompleteFrom)) : null;
        return _open.TryGetValue(symbol, out var since) ? Earlier(since, begin ?? since) : begin;
    }

    private static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;

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
