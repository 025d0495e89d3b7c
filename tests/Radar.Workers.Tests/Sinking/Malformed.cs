using System.Text;

namespace Radar.Workers.Tests.Sinking;

/// <summary>Records as broken producers, networks and relays make them.</summary>
internal static class Malformed
{
    /// <summary>A record that is not what the topic is for; null is one too.</summary>
    public static byte[]? Make(Random random, byte[] good) => random.Next(10) switch
    {
        0 => null,
        1 => [],
        2 => good[..random.Next(1, good.Length - 1)],
        3 => Encoding.UTF8.GetBytes(new string('[', random.Next(20, 2_000))),
        4 => Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{\"a\":", random.Next(20, 500)))),
        5 => Bytes(random, random.Next(1, 300)),
        6 => Broken(random, good),
        7 => Encoding.UTF8.GetBytes($$"""["X@trade",{"price":{{Wrong(random)}},"quantity":"1","timestamp":"2025-06-01T09:33:41Z"}]"""),
        8 => Encoding.UTF8.GetBytes($$"""["X@trade",{"price":"1","quantity":{{Wrong(random)}},"timestamp":"2025-06-01T09:33:41Z"}]"""),
        _ => Encoding.UTF8.GetBytes($$"""["X@trade",{"price":"1","quantity":"1","timestamp":{{Wrong(random)}}}]"""),
    };

    /// <summary>A long one, of a kind that its number chooses.</summary>
    public static byte[] Large(Random random, int length, int number)
    {
        if (number % 3 == 0)
        {
            return Bytes(random, length);
        }
        var (filling, start) = number % 3 == 1 ? ('[', "") : ('7', $$"""["X@trade",{"quantity":"{{random.Next()}}","price":"1""");
        var value = new byte[length];
        Array.Fill(value, (byte)filling);
        Encoding.UTF8.GetBytes(start).CopyTo(value, 0);
        return value;
    }

    private static string Wrong(Random random) => random.Next(7) switch
    {
        0 => "\"abc\"",
        1 => "{}",
        2 => "[1]",
        3 => "true",
        4 => "null",
        5 => "\"\\ud800\"",
        _ => "\"2025-13-01T00:00:00Z\"",
    };

    // Its first half with bytes that no text has.
    private static byte[] Broken(Random random, byte[] good)
    {
        var broken = good.ToArray();
        broken[random.Next(1, 8)] = 0xff;
        return broken;
    }

    private static byte[] Bytes(Random random, int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        bytes[0] = (byte)'<';
        return bytes;
    }
}
