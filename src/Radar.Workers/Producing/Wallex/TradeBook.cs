using System.Collections.Concurrent;

namespace Radar.Workers.Producing.Wallex;

/// <summary>What is known of the trades of all markets.</summary>
internal sealed class TradeBook
{
    private readonly ConcurrentDictionary<string, SymbolTrades> _symbols = new(StringComparer.Ordinal);
    private readonly TradeTail _tail;
    private int _fullWindow = 1;

    /// <param name="tail">What the topic holds already.</param>
    public TradeBook(TradeTail tail)
    {
        _tail = tail;
        foreach (var (symbol, trade) in tail.Trades)
        {
            Of(symbol).Recall(trade);
            Writing.Note(trade);
        }
    }

    /// <summary>How decimals are written.</summary>
    public TradeWriting Writing { get; } = new();

    /// <summary>A market's trades.</summary>
    public SymbolTrades Of(string symbol) => _symbols.GetOrAdd(symbol, static (_, tail) => new SymbolTrades(tail.CompleteFrom.ToUnixTimeSeconds(), tail.Newest), _tail);

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
