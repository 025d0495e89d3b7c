namespace Radar.Embedded.Exchange;

/// <summary>Which klines calls go wrong, and how: decided by the seed, spread over the first calls.</summary>
internal sealed class FaultPlan
{
    /// <summary>The kinds of fault there are.</summary>
    public static readonly string[] Kinds = ["429", "418", "500", "cut", "timeout"];

    private readonly Dictionary<long, string> _faults = [];
    private long _call;

    /// <summary>Draws the calls.</summary>
    public FaultPlan(int seed, IReadOnlyDictionary<string, int> counts, int span)
    {
        var kinds = counts.OrderBy(count => count.Key, StringComparer.Ordinal).SelectMany(count => Enumerable.Repeat(count.Key, count.Value)).ToArray();
        var random = new Random(seed);
        var calls = Enumerable.Range(1, Math.Max(span, kinds.Length)).Select(call => (long)call).ToArray();
        random.Shuffle(calls);
        foreach (var (kind, call) in kinds.Zip(calls))
        {
            _faults[call] = kind;
        }
    }

    /// <summary>The fault of the next call, or null.</summary>
    public string? Next() => _faults.GetValueOrDefault(Interlocked.Increment(ref _call));
}
