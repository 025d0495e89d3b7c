namespace Radar.Market.Binance;

/// <summary>
/// Keeps the request weight of every stretch of time as long as the exchange's window below its limit. The exchange counts in fixed
/// windows that we cannot see begin; a sliding one is never above any of them.
/// </summary>
internal sealed class WeightLimiter(TimeProvider time)
{
    // A call is counted by the exchange some time before its answer reaches us.
    private static readonly TimeSpan Margin = TimeSpan.FromMilliseconds(500);

    private readonly Lock _gate = new();
    private readonly List<Entry> _spent = [];
    private int _limit = 1_000; // Careful until exchangeInfo has told.
    private TimeSpan _window = TimeSpan.FromMinutes(1);

    /// <summary>What the exchange allows, and what of it we use.</summary>
    public void Set(int limit, TimeSpan window, double share)
    {
        lock (_gate)
        {
            _limit = Math.Max(1, (int)(limit * share));
            _window = window;
        }
    }

    /// <summary>Books the weight of a call if it fits now.</summary>
    /// <param name="weight">Weight of the call. One above the whole limit waits for an empty window.</param>
    /// <param name="entry">The booking, to be settled when the answer is there.</param>
    /// <returns>Zero when it was booked, otherwise how long to wait before asking again.</returns>
    public TimeSpan Book(int weight, out Entry? entry)
    {
        lock (_gate)
        {
            var now = time.GetTimestamp();
            _spent.RemoveAll(spent => spent.Settled && time.GetElapsedTime(spent.At, now) > _window + Margin);
            var used = _spent.Sum(spent => spent.Weight);
            if (used == 0 || used + weight <= _limit)
            {
                entry = new Entry { At = now, Weight = weight };
                _spent.Add(entry);
                return TimeSpan.Zero;
            }
            entry = null;
            var oldest = _spent.Min(spent => spent.At);
            var wait = _window + Margin - time.GetElapsedTime(oldest, now);
            return wait > TimeSpan.FromMilliseconds(10) ? wait : TimeSpan.FromMilliseconds(10);
        }
    }

    /// <summary>The answer is there: the call was counted at the latest now. Others at our address may have spent more than we know.</summary>
    /// <param name="entry">The booking.</param>
    /// <param name="usedByAddress">The exchange's own count for our address, if it told.</param>
    public void Settle(Entry entry, int? usedByAddress)
    {
        lock (_gate)
        {
            entry.At = time.GetTimestamp();
            entry.Settled = true;
            var known = _spent.Sum(spent => spent.Weight);
            if (usedByAddress > known)
            {
                _spent.Add(new Entry { At = entry.At, Weight = usedByAddress.Value - known, Settled = true });
            }
        }
    }

    /// <summary>Weight spent at a time.</summary>
    internal sealed class Entry
    {
        public long At { get; set; }

        public int Weight { get; init; }

        public bool Settled { get; set; }
    }
}
