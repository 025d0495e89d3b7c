using System.Text.Json;
using Radar.Market.ClickHouse;

namespace Radar.Workers.Sinking.Trades;

/// <summary>Rows of the trades topic, which several exchanges share: arrays are Wallex', objects say whose they are.</summary>
internal sealed class TradeParser(bool countEqual) : IRecordParser
{
    private readonly Dictionary<int, EqualTrades> _equal = [];

    public string? Parse(ReadOnlyMemory<byte> value, long timestamp, int partition, RowBinaryBatch rows)
    {
        try
        {
            return First(value.Span) switch
            {
                0 => "an empty value",
                (byte)'[' => WallexTrade.Parse(value.Span, countEqual ? EqualOf(partition) : null, rows),
                _ => OtherTrades.Parse(value, rows),
            };
        }
        catch (Exception wrong) when (wrong is JsonException or FormatException or InvalidOperationException)
        {
            return wrong.Message;
        }
    }

    public void Forget(int partition) => _equal.Remove(partition);

    /// <summary>The first byte that is no white space; 0: there is none.</summary>
    public static byte First(ReadOnlySpan<byte> value)
    {
        var at = value.IndexOfAnyExcept(" \t\r\n"u8);
        return at < 0 ? (byte)0 : value[at];
    }

    private EqualTrades EqualOf(int partition)
    {
        if (!_equal.TryGetValue(partition, out var equal))
        {
            _equal[partition] = equal = new EqualTrades();
        }
        return equal;
    }
}
