using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Radar.Market.ClickHouse;
using Radar.Workers.Sinking.Trades;

namespace Radar.Workers.Tests.Sinking;

/// <summary>The quick ways against the thorough ones.</summary>
public sealed class UsualFrameTests
{
    private static readonly string[] Pieces =
    [
        "[\"", "M7TMN@trade", "@trade", "M7TMN", "\",{", "\"isBuyOrder\":true", "\"isBuyOrder\":false", "\"isBuyOrder\":null", "\"quantity\":\"255.7500000000000000\"",
        "\"quantity\":\"\"", "\"price\":\"82131\"", "\"price\":\"1.5e3\"", "\"price\":\"-0.00\"", "\"price\":\"123456789012345678.9\"", "\"price\":1", "\"timestamp\":\"2025-06-01T09:33:41Z\"",
        "\"more\":[1]", "\"price\":\"1\\u0030\"", ",", ",", ",", "}]", "}", "]", " ", "\\", "\"", "é",
    ];

    [Fact]
    public void Frame_ThatIsAsUsual_IsReadAsTheJsonReaderReadsIt()
    {
        var random = new Random(7);
        var usual = 0;
        for (var i = 0; i < 200_000; i++)
        {
            var text = i % 2 == 0 ? Fields(random) : Mutated(random, Frames.Trade(random.Next(100_000)));
            if (!UsualFrame.TryRead(text, out _))
            {
                continue;
            }
            usual++;
            using RowBinaryBatch quick = new(), thorough = new();
            Assert.Equal(WallexTrade.ParseJson(text, null, thorough), WallexTrade.Parse(text, null, quick));
            Assert.True(thorough.Content.Span.SequenceEqual(quick.Content.Span), Encoding.UTF8.GetString(text));
            using var json = JsonDocument.Parse(text);
        }
        Assert.InRange(usual, 20_000, 180_000);
    }

    [Theory]
    [InlineData("1234567890123450", 1234567890123450d)]
    [InlineData("100", 100)]
    [InlineData("0.0000000000000000", 0)]
    [InlineData("123.", 123)]
    [InlineData(".5", 0.5)]
    [InlineData("00012.3400", 12.34)]
    [InlineData("9007199254740993", 9007199254740992d)]
    [InlineData("0.000000000000001", 1e-15)]
    [InlineData("-2.50", -2.5)]
    public void Number_OfAnyLength_IsTheNearestDouble(string text, double expected)
    {
        Assert.True(DecimalText.TryRead(Encoding.ASCII.GetBytes(text), out var number));
        Assert.Equal(expected, number.ToDouble());
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("1.2.3")]
    [InlineData("1 ")]
    [InlineData("abc")]
    public void Number_ThatIsNone_IsRefused(string text) => Assert.False(DecimalText.TryRead(Encoding.ASCII.GetBytes(text), out _));

    [Fact]
    public void Hash_OfEveryLength_IsSha1()
    {
        var text = new byte[300];
        new Random(3).NextBytes(text);
        Span<byte> hash = stackalloc byte[SHA1.HashSizeInBytes];
        for (var length = 0; length <= text.Length; length++)
        {
            Sha1.Hash(text.AsSpan(0, length), hash);
#pragma warning disable CA5350
            Assert.Equal(Convert.ToHexString(SHA1.HashData(text.AsSpan(0, length))), Convert.ToHexString(hash));
#pragma warning restore CA5350
        }
    }

    // The right parts in any order, number and company.
    private static byte[] Fields(Random random)
    {
        var fields = Enumerable.Range(0, random.Next(6)).Select(_ => Pieces[random.Next(5, random.Next(3) == 0 ? Pieces.Length : 16)]);
        return Encoding.UTF8.GetBytes($"[\"{Pieces[random.Next(1, 4)]}\",{{{string.Join(',', fields)}}}]");
    }

    private static byte[] Mutated(Random random, byte[] frame)
    {
        if (random.Next(4) == 0)
        {
            return frame;
        }
        var list = frame.ToList();
        var at = random.Next(list.Count);
        switch (random.Next(3))
        {
            case 0:
                list[at] = (byte)random.Next(256);
                break;
            case 1:
                list.RemoveAt(at);
                break;
            default:
                list.InsertRange(at, Encoding.UTF8.GetBytes(Pieces[random.Next(Pieces.Length)]));
                break;
        }
        return [.. list];
    }
}
