using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Radar.Workers.Sinking.Trades;

/// <summary>
/// SHA-1 of short texts. .NET's own takes 500 ns for one, nearly all of it preparation; the compression function of the same OpenSSL that .NET loads takes
/// 40 ns for a block. Where that library does not offer it, .NET's own it is.
/// </summary>
internal static unsafe class Sha1
{
    private const int Block = 64;
    private const int Most = 4 * Block;
    private const int Marked = 1 + sizeof(long); // A bit that ends the text, and its length.
    private const int ContextWords = 64; // OpenSSL's SHA_CTX has 24: five of state, then what Transform does not look at.
    private static readonly delegate* unmanaged[SuppressGCTransition]<uint*, byte*, void> Transform = Find();

    /// <summary>Writes the 20 bytes of a text's hash.</summary>
    public static void Hash(ReadOnlySpan<byte> text, Span<byte> hash)
    {
        if (Transform is null || text.Length > Most - Marked)
        {
#pragma warning disable CA5350 // The original's ids are SHA-1; they keep nothing safe.
            SHA1.HashData(text, hash);
#pragma warning restore CA5350
            return;
        }
        Compress(text, hash);
    }

    [SkipLocalsInit]
    private static void Compress(ReadOnlySpan<byte> text, Span<byte> hash)
    {
        var blocks = (text.Length + Marked + Block - 1) / Block;
        var context = stackalloc uint[ContextWords];
        (context[0], context[1], context[2], context[3], context[4]) = (0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);
        var padded = stackalloc byte[Most];
        var all = new Span<byte>(padded, blocks * Block);
        text.CopyTo(all);
        all[text.Length..].Clear();
        all[text.Length] = 0x80;
        BinaryPrimitives.WriteInt64BigEndian(all[^sizeof(long)..], text.Length * 8L);
        for (var block = 0; block < blocks; block++)
        {
            Transform(context, padded + (block * Block));
        }
        for (var word = 0; word < SHA1.HashSizeInBytes / sizeof(uint); word++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(hash[(word * sizeof(uint))..], context[word]);
        }
    }

    private static delegate* unmanaged[SuppressGCTransition]<uint*, byte*, void> Find()
    {
        foreach (var name in (string[])["libcrypto.so.3", "libcrypto.so.1.1"])
        {
            if (NativeLibrary.TryLoad(name, out var library) && NativeLibrary.TryGetExport(library, "SHA1_Transform", out var transform))
            {
                return (delegate* unmanaged[SuppressGCTransition]<uint*, byte*, void>)transform;
            }
        }
        return null;
    }
}
