namespace Radar.Workers.Producing.Wallex;

/// <summary>A stretch of time in which nobody listened to a market.</summary>
/// <param name="From">When the last thing was heard; null: nobody ever listened, so nothing is missing, and what REST still has is taken along.</param>
/// <param name="Last">The newest trade known then; null: none.</param>
/// <param name="Number">Tells it from a later one.</param>
/// <param name="IsOver">Whether somebody listens again: before that REST can repair nothing, since more is missed while it is asked.</param>
internal sealed record TradeGap(DateTimeOffset? From, TradeKey? Last, int Number, bool IsOver);

/// <summary>What holding a market against REST came to.</summary>
/// <param name="Missing">Trades that nobody told us, oldest first, in the sockets' way of writing; they count as published from now on.</param>
/// <param name="Reaches">Whether REST reaches back to before the gap, so that nothing is missing any more.</param>
/// <param name="Oldest">Its oldest trade.</param>
/// <param name="Disagreement">Why nothing could be taken over; null: it could.</param>
internal sealed record TradeComparison(IReadOnlyList<TradeText> Missing, bool Reaches, DateTimeOffset? Oldest, string? Disagreement);

/// <summary>
/// The trades of one market that were published, as far as they may come again: by a second connection, or by REST. Trades have no id, and equal ones in
/// one second are real; so each source's are counted, and one is published when any source has told it more often than it was published.
/// </summary>
/// <param name="knownFrom">Second: what is older, and not here, was published or is none of ours.</param>
/// <param name="begin">Since when nobody listened when we began; null: nobody ever did.</param>
internal sealed class SymbolTrades(long knownFrom, DateTimeOffset? begin)
{
    private const int Kept = 1_000;
    private const int KeptSockets = 4;
    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly Dictionary<TradeKey, Known> _known = [];
    private readonly PriorityQueue<TradeKey, (long Second, bool Ahead, long Number)> _order = new(); // What is forgotten first.
    private readonly SortedList<long, TradeKey> _newest = []; // Of each connection; of REST and the topic as number 0.
    private long _knownFrom = knownFrom;
    private TradeGap? _gap = new(begin, null, 0, IsOver: false);
    private int _gaps;
    private long _entered;

    /// <summary>The stretch that is to be repaired; null: none.</summary>
    public TradeGap? Gap
    {
        get
        {
            lock (_lock)
            {
                return _gap;
            }
        }
    }

    /// <summary>A socket told a trade.</summary>
    /// <returns>Whether to publish it.</returns>
    public bool Hear(long socket, TradeText trade)
    {
        lock (_lock)
        {
            var known = Enter(trade, socket);
            Forget();
            var count = known.CountOf(socket);
            if (count <= known.Published)
            {
                return false;
            }
            known.Published = count;
            return true;
        }
    }

    /// <summary>A trade was in the topic when we began. Those from before the gap are known to be all.</summary>
    public void Recall(TradeText trade)
    {
        lock (_lock)
        {
            Enter(trade).Published++;
            Forget();
            if (_gap is { } gap && trade.Time <= gap.From && !(gap.Last?.Second > trade.Second))
            {
                _gap = gap with { Last = trade.Key };
            }
        }
    }

    /// <summary>A connection ended. It may have been behind: what it, and those before it, told last counts, not when, nor what a newer one has told.</summary>
    public void Lose(DateTimeOffset since, long socket)
    {
        lock (_lock)
        {
            TradeKey? newest = _newest.TakeWhile(told => told.Key <= socket).Select(told => (TradeKey?)told.Value).MaxBy(key => key!.Value.Second);
            since = newest is { } last && last.Second < since.ToUnixTimeSeconds() ? DateTimeOffset.FromUnixTimeSeconds(last.Second) : since;
            _gap = _gap is { } open ? open with { From = open.From ?? since, Number = ++_gaps, IsOver = false } : new TradeGap(since, newest, ++_gaps, IsOver: false);
        }
    }

    /// <summary>Somebody listens again.</summary>
    public void Settle()
    {
        lock (_lock)
        {
            _gap = _gap is { } open ? open with { IsOver = true } : null;
        }
    }

    /// <summary>A gap was dealt with; should another have begun meanwhile, that stays.</summary>
    public void Close(TradeGap gap)
    {
        lock (_lock)
        {
            if (_gap?.Number == gap.Number)
            {
                _gap = null;
            }
        }
    }

    /// <summary>Holds REST's trades, newest first, against what was published.</summary>
    /// <param name="told">REST's trades.</param>
    /// <param name="gap">The gap to be repaired, or null.</param>
    /// <param name="fullWindow">How many trades REST tells of a market that has many.</param>
    /// <param name="until">Younger trades are left to the sockets; null: none.</param>
    /// <param name="writing">How sockets write what REST writes.</param>
    public TradeComparison Compare(IReadOnlyList<TradeText> told, TradeGap? gap, int fullWindow, DateTimeOffset? until, TradeWriting writing)
    {
        lock (_lock)
        {
            var oldest = told.Count > 0 ? told[^1].Time : (DateTimeOffset?)null;
            var pairs = told.Where(trade => _known.ContainsKey(trade.Key)).Select(trade => (trade, _known[trade.Key].First)).ToList();
            if (!writing.Learn(pairs))
            {
                return new TradeComparison([], false, oldest, "REST writes decimals in a way that gives other ids");
            }
            var missing = new List<TradeText>();
            var counts = new Dictionary<TradeKey, int>();
            for (var i = told.Count - 1; i >= 0; i--)
            {
                var trade = told[i];
                var count = counts[trade.Key] = counts.GetValueOrDefault(trade.Key) + 1;
                if (trade.Second < _knownFrom || trade.Time > until || _known.GetValueOrDefault(trade.Key)?.Published >= count)
                {
                    continue;
                }
                var written = writing.Apply(trade);
                Enter(written).Published = count;
                missing.Add(written);
            }
            Forget(); // Not before: what the answer tells is held against what is known.
            return new TradeComparison(missing, gap is null || told.Count < fullWindow || Reaches(told, oldest, gap), oldest, null);
        }
    }

    private static bool Reaches(IReadOnlyList<TradeText> told, DateTimeOffset? oldest, TradeGap gap) =>
        oldest is not { } first || gap.From is not { } from || first < from - Skew
        || (gap.Last is { } last && (first.ToUnixTimeSeconds() < last.Second || told.Any(trade => trade.Key == last)));

    private Known Enter(TradeText trade, long socket = 0)
    {
        var key = trade.Key;
        if (!_newest.TryGetValue(socket, out var newest) || key.Second >= newest.Second)
        {
            _newest[socket] = key;
        }
        if (_newest.Count > KeptSockets) // What the oldest told, the next one follows.
        {
            var (first, second) = (_newest.GetValueAtIndex(0), _newest.GetValueAtIndex(1));
            _newest.SetValueAtIndex(1, first.Second > second.Second ? first : second);
            _newest.RemoveAt(0);
        }
        if (_known.TryGetValue(key, out var known))
        {
            return known;
        }
        _order.Enqueue(key, (key.Second, socket == 0, _entered++));
        return _known[key] = new Known(trade);
    }

    // Oldest first, and of one second those of REST last: REST may be ahead of a socket by any number of trades, and what it told the socket tells again.
    private void Forget()
    {
        while (_order.Count > Kept)
        {
            var gone = _order.Dequeue();
            _known.Remove(gone);
            _knownFrom = Math.Max(_knownFrom, gone.Second + 1);
        }
    }

    private sealed class Known(TradeText first)
    {
        private readonly List<(long Socket, int Count)> _sockets = [];

        public TradeText First => first;

        public int Published { get; set; }

        public int CountOf(long socket)
        {
            var at = _sockets.FindIndex(s => s.Socket == socket);
            var count = at < 0 ? 1 : _sockets[at].Count + 1;
            if (at < 0)
            {
                _sockets.Add((socket, count));
            }
            else
            {
                _sockets[at] = (socket, count);
            }
            return count;
        }
    }
}
