using System.Buffers;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace Radar.Workers.Sinking.Trades;

/// <summary>Ids of trades that have none: SHA-1 of their texts exactly as they came, in small hexadecimal.</summary>
internal static class TradeId
{
    /// <summary>Letters of an id.</summary>
    public const int Length = SHA1.HashSizeInBytes * 2;

    private const int Usual = 256;

    /// <summary>Writes the id of the parts with hyphens between them.</summary>
    [SkipLocalsInit]
    public static void Write(Span<byte> id, ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, ReadOnlySpan<byte> c, ReadOnlySpan<byte> d, ReadOnlySpan<byte> e, ReadOnlySpan<byte> f)
    {
        var length = a.Length + b.Length + c.Length + d.Length + e.Length + f.Length + 5;
        byte[]? rented = null;
        var text = length <= Usual ? stackalloc byte[Usual] : rented = ArrayPool<byte>.Shared.Rent(length);
        var at = 0;
        Append(text, ref at, a);
        Append(text, ref at, b);
        Append(text, ref at, c);
        Append(text, ref at, d);
        Append(text, ref at, e);
        Append(text, ref at, f);
        Hash(text[..length], id);
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>Writes the id of a text.</summary>
    public static void Hash(ReadOnlySpan<byte> text, Span<byte> id)
    {
        Span<byte> hash = stackalloc byte[SHA1.HashSizeInBytes];
        Sha1.Hash(text, hash);
        for (var i = 0; i < hash.Length; i++)
        {
            id[2 * i] = "0123456789abcdef"u8[hash[i] >> 4];
            id[(2 * i) + 1] = "0123456789abcdef"u8[hash[i] & 15];
        }
    }

    private static void Append(Span<byte> text, ref int at, ReadOnlySpan<byte> part)
    {
        if (at > 0)
        {
            text[at++] = (byte)'-';
        }
        part.CopyTo(text[at..]);
        at += part.Length;
    }
}
