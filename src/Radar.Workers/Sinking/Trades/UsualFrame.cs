using System.Buffers;

namespace Radar.Workers.Sinking.Trades;

/// <summary>
/// A Wallex frame exactly as the exchange writes it: no white space, no escapes, plain ASCII, the four known fields in any order. Whatever else is JSON, and
/// whatever is none, is left to the JSON reader, which takes three times as long and knows all of it; both agree on what this one takes.
/// </summary>
internal readonly ref struct UsualFrame
{
    private const byte Quote = (byte)'"';
    private static readonly SearchValues<byte> Plain = SearchValues.Create([.. Enumerable.Range(' ', 0x7f - ' ').Select(letter => (byte)letter).Except("\"\\"u8.ToArray())]);

    private UsualFrame(ReadOnlySpan<byte> symbol, ReadOnlySpan<byte> price, ReadOnlySpan<byte> quantity, ReadOnlySpan<byte> timestamp, bool buys)
    {
        Symbol = symbol;
        Price = price;
        Quantity = quantity;
        Timestamp = timestamp;
        Buys = buys;
    }

    /// <summary>The channel up to its @.</summary>
    public ReadOnlySpan<byte> Symbol { get; }

    /// <summary>Price as it came.</summary>
    public ReadOnlySpan<byte> Price { get; }

    /// <summary>Quantity as it came.</summary>
    public ReadOnlySpan<byte> Quantity { get; }

    /// <summary>Timestamp as it came; empty: there was none.</summary>
    public ReadOnlySpan<byte> Timestamp { get; }

    /// <summary>Whether isBuyOrder is true.</summary>
    public bool Buys { get; }

    /// <returns>False: it is not as usual, which does not mean that it is wrong.</returns>
    public static bool TryRead(ReadOnlySpan<byte> value, out UsualFrame frame)
    {
        frame = default;
        var rest = value;
        if (!TrySkip(ref rest, "[\""u8) || !TryText(ref rest, out var channel) || !TrySkip(ref rest, ",{"u8))
        {
            return false;
        }
        var at = channel.IndexOf((byte)'@');
        var symbol = at < 0 ? channel : channel[..at];
        ReadOnlySpan<byte> price = "0.0"u8, quantity = "0.0"u8, timestamp = default;
        var buys = false;
        do
        {
            if (TrySkip(ref rest, "\"isBuyOrder\":"u8))
            {
                buys = TrySkip(ref rest, "true"u8);
                if (!buys && !TrySkip(ref rest, "false"u8))
                {
                    return false;
                }
            }
            else if (!(TrySkip(ref rest, "\"quantity\":\""u8) ? TryText(ref rest, out quantity)
                : TrySkip(ref rest, "\"price\":\""u8) ? TryText(ref rest, out price)
                : TrySkip(ref rest, "\"timestamp\":\""u8) && TryText(ref rest, out timestamp)))
            {
                return false;
            }
        }
        while (TrySkip(ref rest, ","u8));
        frame = new UsualFrame(symbol, price, quantity, timestamp, buys);
        return !symbol.IsEmpty && rest.SequenceEqual("}]"u8);
    }

    private static bool TrySkip(scoped ref ReadOnlySpan<byte> rest, ReadOnlySpan<byte> expected)
    {
        if (!rest.StartsWith(expected))
        {
            return false;
        }
        rest = rest[expected.Length..];
        return true;
    }

    // To the quote that ends it.
    private static bool TryText(scoped ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> text)
    {
        var end = rest.IndexOfAnyExcept(Plain);
        if (end is < 0 or > WallexTrade.LongestText || rest[end] != Quote)
        {
            text = default;
            return false;
        }
        text = rest[..end];
        rest = rest[(end + 1)..];
        return true;
    }
}
