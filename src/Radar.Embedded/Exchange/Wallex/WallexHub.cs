namespace Radar.Embedded.Exchange.Wallex;

/// <summary>Who listens to what; what is said goes to them, into the ledger and, where it is a trade, into the window that REST tells.</summary>
internal sealed class WallexHub : IDisposable
{
    private readonly Lock _gate = new();
    private readonly WallexLedger _ledger;
    private readonly WallexSettings _settings;
    private readonly Dictionary<string, HashSet<WallexSession>> _listeners = new(StringComparer.Ordinal);
    private readonly Dictionary<string, LinkedList<WallexTrade>> _windows = new(StringComparer.Ordinal);
    private readonly Dictionary<string, WallexFrame> _books = new(StringComparer.Ordinal);
    private readonly HashSet<WallexSession> _sessions = [];
    private readonly SortedDictionary<string, long> _ends = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _markets;
    private long _opened;

    /// <summary>Opens the ledger.</summary>
    public WallexHub(WallexSettings settings, IEnumerable<string> markets, TimeProvider time)
    {
        _settings = settings;
        _markets = new SortedSet<string>(markets, StringComparer.Ordinal);
        _ledger = new WallexLedger(settings.Folder, trade => { Listeners_NeedsGate(trade.Symbol + "@trade"); Keep_NeedsGate(trade); }, time);
    }

    /// <summary>Whether frames are made and kept back: a connection that lives and says nothing.</summary>
    public bool Muted { get; set; }

    /// <summary>Whether connections are dropped as the settings say; otherwise they live until they are cut.</summary>
    public bool Drops { get; set; } = true;

    /// <summary>The markets listed now.</summary>
    public string[] Markets
    {
        get
        {
            lock (_gate)
            {
                return [.. _markets];
            }
        }
    }

    /// <summary>Lists a market, or lists it no more.</summary>
    public void List(string symbol, bool listed)
    {
        lock (_gate)
        {
            _ = listed ? _markets.Add(symbol) : _markets.Remove(symbol);
        }
    }

    /// <summary>Whether anybody ever listened to a channel: before that nothing is said in it, so that everything said has somebody who answers for it.</summary>
    public bool IsOpen(string channel)
    {
        lock (_gate)
        {
            return _listeners.ContainsKey(channel);
        }
    }

    /// <summary>A socket is there.</summary>
    public void Enter(WallexSession session)
    {
        lock (_gate)
        {
            _opened++;
            _sessions.Add(session);
            _ledger.Socket(session.Id, "open " + session.Protocol, 0);
        }
    }

    /// <summary>A socket is gone.</summary>
    public void Leave(WallexSession session, string how)
    {
        lock (_gate)
        {
            if (!_sessions.Remove(session))
            {
                return;
            }
            var channels = 0;
            foreach (var listeners in _listeners.Values)
            {
                channels += listeners.Remove(session) ? 1 : 0;
            }
            _ends[how] = _ends.GetValueOrDefault(how) + 1;
            _ledger.Socket(session.Id, how, channels);
            _ledger.Flush();
        }
    }

    /// <summary>A socket listens to a channel.</summary>
    /// <returns>False: there is no such market, or it listens already.</returns>
    public bool Subscribe(WallexSession session, string channel)
    {
        lock (_gate)
        {
            return channel.Split('@') is [var symbol, WallexFrame.Trade or WallexFrame.BuyDepth or WallexFrame.SellDepth]
                && _markets.Contains(symbol) && _sessions.Contains(session) && Listeners_NeedsGate(channel).Add(session);
        }
    }

    /// <summary>It does no more.</summary>
    public void Unsubscribe(WallexSession session, string channel)
    {
        lock (_gate)
        {
            _ = _listeners.TryGetValue(channel, out var listeners) && listeners.Remove(session);
        }
    }

    /// <summary>Says something.</summary>
    public void Say(WallexFrame frame)
    {
        lock (_gate)
        {
            var trade = frame.Kind == WallexFrame.Trade ? WallexTrade.Read(frame.Symbol, frame.Data) : null;
            var sent = 0;
            if (!Muted && _listeners.TryGetValue(frame.Channel, out var listeners))
            {
                foreach (var session in listeners)
                {
                    sent += session.TrySend(frame) ? 1 : 0;
                }
            }
            if (trade is not null)
            {
                Keep_NeedsGate(trade);
            }
            else if (frame.Kind != WallexFrame.Trade)
            {
                _books[frame.Channel] = frame;
            }
            _ledger.Said(frame, trade, sent);
        }
    }

    /// <summary>A market's last trades, newest first.</summary>
    public WallexTrade[] Window(string symbol)
    {
        lock (_gate)
        {
            return _windows.TryGetValue(symbol, out var window) ? [.. window] : [];
        }
    }

    /// <summary>What an order book's side was last.</summary>
    public WallexFrame? Book(string channel)
    {
        lock (_gate)
        {
            return _books.GetValueOrDefault(channel);
        }
    }

    /// <summary>Drops all connections, or the one that was opened last.</summary>
    /// <returns>How many.</returns>
    public int Drop(bool abruptly, bool onlyNewest)
    {
        WallexSession[] sessions;
        lock (_gate)
        {
            sessions = [.. _sessions.OrderByDescending(session => session.Id).Take(onlyNewest ? 1 : int.MaxValue)];
        }
        foreach (var session in sessions)
        {
            session.End("drop", abruptly);
        }
        return sessions.Length;
    }

    /// <summary>What the ledger counts, with its files brought up to date.</summary>
    public WallexCounts Count()
    {
        lock (_gate)
        {
            _ledger.Flush();
            return new WallexCounts(
                _ledger.TradeCount, _ledger.DistinctTrades, _ledger.DepthCount, _sessions.Count, _opened, _listeners.Values.Sum(listeners => listeners.Count),
                _sessions.Sum(session => session.Queued), _ends.ToDictionary());
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _ledger.Dispose();
        }
    }

    private HashSet<WallexSession> Listeners_NeedsGate(string channel) =>
        _listeners.TryGetValue(channel, out var listeners) ? listeners : _listeners[channel] = [];

    private void Keep_NeedsGate(WallexTrade trade)
    {
        if (!_windows.TryGetValue(trade.Symbol, out var window))
        {
            _windows[trade.Symbol] = window = [];
        }
        window.AddFirst(trade);
        if (window.Count > _settings.Window)
        {
            window.RemoveLast();
        }
    }
}

/// <summary>Figures of the ledger.</summary>
/// <param name="Trades">Trades made.</param>
/// <param name="DistinctTrades">Their ids.</param>
/// <param name="DepthFrames">Frames of order books.</param>
/// <param name="Sockets">Connections now.</param>
/// <param name="Opened">Connections ever, in this process.</param>
/// <param name="Subscriptions">Channels listened to now, over all connections.</param>
/// <param name="Queued">Frames that wait for their sockets.</param>
/// <param name="Ends">How connections ended, and how often.</param>
internal sealed record WallexCounts(
    long Trades, int DistinctTrades, long DepthFrames, int Sockets, long Opened, int Subscriptions, int Queued, IReadOnlyDictionary<string, long> Ends);
