using System.Text;
using Radar.Market.Candles;

namespace Radar.Market.Topics;

/// <summary>
/// One Kafka record of the topic named after the symbol: a key such as <c>BTCUSDT_batch_2025-10-01 00:00:00</c> (its first candle) and a
/// compact JSON array of candles, oldest first.
/// </summary>
/// <param name="Key">UTF-8 text.</param>
/// <param name="Value">UTF-8 JSON, never above <see cref="LargestValue"/> bytes.</param>
/// <param name="LastOpenTime">Open time of the last candle in it, milliseconds UTC.</param>
/// <param name="Count">How many candles it holds.</param>
public sealed record CandleMessage(byte[] Key, byte[] Value, long LastOpenTime, int Count)
{
    /// <summary>Most bytes of a value: below the 1,048,588 that an unmodified broker takes, with room for key and framing.</summary>
    public const int LargestValue = 900_000;

    /// <summary>Most candles of a record.</summary>
    public const int MostCandles = 10_000;

    private const int LargestCandle = 512;

    /// <summary>Cuts candles into as few records as their size allows.</summary>
    /// <param name="symbol">The market, which is also the topic.</param>
    /// <param name="candles">Oldest first.</param>
    public static IEnumerable<CandleMessage> Encode(string symbol, IReadOnlyList<Candle> candles)
    {
        Symbol.Check(symbol);
        for (var first = 0; first < candles.Count;)
        {
            var buffer = new byte[Math.Min(LargestValue, (candles.Count - first) * LargestCandle + 2)];
            var (length, next) = (0, first);
            for (; next < candles.Count && next - first < MostCandles && length + LargestCandle <= LargestValue; next++)
            {
                buffer[length++] = (byte)(next == first ? '[' : ',');
                length += CandleJson.Write(candles[next], buffer.AsSpan(length));
            }
            buffer[length++] = (byte)']';
            yield return new CandleMessage(
                Encoding.UTF8.GetBytes($"{symbol}_batch_{CandleTime.Format(candles[first].OpenTime)}"),
                buffer.AsSpan(0, length).ToArray(),
                candles[next - 1].OpenTime,
                next - first);
            first = next;
        }
    }

    /// <summary>
    /// Reads a record's value: an array of any length. All of it or nothing: a record that is cut off, has a null or a number of the
    /// wrong kind is reported and adds no candle. Close times are not in a record and come back as 0.
    /// </summary>
    /// <param name="value">The record's value; null or empty is a problem too.</param>
    /// <param name="candles">Gets the candles appended.</param>
    /// <param name="problem">What is wrong with the record, for a message that also names topic, partition and offset.</param>
    public static bool TryDecode(ReadOnlySpan<byte> value, List<Candle> candles, out string problem)
    {
        var before = candles.Count;
        if (CandleJson.TryRead(value, candles, out problem))
        {
            return true;
        }
        candles.RemoveRange(before, candles.Count - before);
        return false;
    }
}
