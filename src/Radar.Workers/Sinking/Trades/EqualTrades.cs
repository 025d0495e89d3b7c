using System.Text;

namespace Radar.Workers.Sinking.Trades;

/// <summary>
/// Counts trades of one partition whose ids are equal, so that each after the first gets one of its own: two real trades may agree in all that the exchange
/// tells. Where somebody begins to read a partition it is counted from one: what came before is not known, so an equal trade after a restart gets the first one's id.
/// </summary>
internal sealed class EqualTrades
{
    private const uint Remembered = 60; // Seconds: connections tell late, and REST repairs later.
    private readonly Dictionary<string, int> _counts = new(StringComparer.Ordinal);
    private readonly Queue<(uint Second, string Id)> _order = new();

    /// <summary>Rewrites the id of a trade that has been told before.</summary>
    public void Number(Span<byte> id, uint second)
    {
        while (_order.TryPeek(out var oldest) && oldest.Second + Remembered < second)
        {
            _order.Dequeue();
            _counts.Remove(oldest.Id);
        }
        var key = Encoding.ASCII.GetString(id);
        if (_counts.TryGetValue(key, out var told))
        {
            _counts[key] = told + 1;
            TradeId.Hash(Encoding.ASCII.GetBytes($"{key}-{told + 1}"), id);
            return;
        }
        _counts[key] = 1;
        _order.Enqueue((second, key));
    }
}
