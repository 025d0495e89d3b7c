using System.Text;
using System.Text.Json;
using Radar.Market.Topics;

namespace Radar.Market.Tests.Topics;

public sealed class CandleMessageTests
{
    private const string Example =
        """[{"open_time":"2025-10-01 00:00:00","open":114048.93,"high":114100.0,"low":114000.01,"close":114050.0,"volume":9.12345,"quote_asset_volume":1040512.345678,"trades":1234,"taker_base":4.51234,"taker_quote":514632.123456,"ignore":0}]""";

    [Fact]
    public void Encode_OneCandle_IsTheOriginalsMessageToTheByte()
    {
        var candle = new Candle(GoldenFiles.Time("2025-10-01 00:00:00"), 114048.93, 114100, 114000.01, 114050, 9.12345, 1, 1040512.345678, 1234, 4.51234, 514632.123456, 0);
        var message = Assert.Single(CandleMessage.Encode("BTCUSDT", [candle]));
        Assert.Equal("BTCUSDT_batch_2025-10-01 00:00:00", Encoding.UTF8.GetString(message.Key));
        Assert.Equal(Example, Encoding.UTF8.GetString(message.Value));
        Assert.Equal(candle.OpenTime, message.LastOpenTime);
    }

    [Fact]
    public void Encode_ManyCandles_StaysBelowTheBrokersLimitAndLosesNone()
    {
        var widest = new Candle(0, -1.2345678901234567e-300, 1.2345678901234567e-300, 123456.78901234567, 1e300 / 3, -0.0001234567890123456, 0, 1e15 / 3, long.MaxValue, 1e22, 1e16, long.MaxValue);
        Candle[] candles = [.. Enumerable.Range(0, 25_000).Select(i => (i % 3 == 0 ? widest : GoldenFiles.Candles64[i & 63] with { CloseTime = 0 }) with { OpenTime = i * 60_000L })];
        var read = new List<Candle>();
        foreach (var message in CandleMessage.Encode("BTCUSDT", candles))
        {
            Assert.InRange(message.Value.Length, 2, CandleMessage.LargestValue);
            Assert.InRange(message.Count, 1, CandleMessage.MostCandles);
            Assert.True(CandleMessage.TryDecode(message.Value, read, out var problem), problem);
            Assert.Equal(read[^1].OpenTime, message.LastOpenTime);
        }
        Assert.Equal(candles.Select(c => c with { Trades = (long)(double)c.Trades!, Ignore = (long)(double)c.Ignore! }), read);
    }

    [Fact]
    public void Encode_CandleOfAnOriginalsTable_SaysNullAndReadsBackTheSame()
    {
        var candle = new Candle(GoldenFiles.Time("2025-10-01 00:00:00"), 1, 2, 0.5, 1.5, 9, 0, double.NaN, null, double.NaN, double.NaN, null);
        var message = Assert.Single(CandleMessage.Encode("BTCUSDT", [candle]));
        Assert.Contains("\"trades\":null", Encoding.UTF8.GetString(message.Value), StringComparison.Ordinal);
        var read = new List<Candle>();
        Assert.True(CandleMessage.TryDecode(message.Value, read, out var problem), problem);
        Assert.Equal([candle], read);
    }

    [Fact]
    public void Decode_ZonesAndUnknownFields_AreAccepted()
    {
        var candles = new List<Candle>();
        Assert.True(CandleMessage.TryDecode(
            Encoding.UTF8.GetBytes(Example.Replace("00:00:00\"", "00:00:00+00:00\",\"new\":{\"a\":[1]}", StringComparison.Ordinal)), candles, out var problem), problem);
        Assert.Equal(GoldenFiles.Time("2025-10-01 00:00:00"), Assert.Single(candles).OpenTime);
        Assert.True(CandleMessage.TryDecode("[]"u8, candles, out _));
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("null", "not a JSON array")]
    [InlineData("{}", "not a JSON array")]
    [InlineData("[null]", "not an object")]
    [InlineData("[{\"open_time\":\"2025-10-01 00:00:00\"}]", "lacks a field")]
    [InlineData("[{\"open_time\":5}]", "open_time is Number")]
    [InlineData("[{\"open\":\"5\"}]", "open is String")]
    [InlineData("[{\"open\":null}]", "open is Null")]
    [InlineData("[{\"open\":1e999}]", "open is Number")]
    [InlineData("[{\"open\":", "")]
    [InlineData("\0\u0001", "")]
    [InlineData("[] []", "")]
    public void Decode_BadRecord_IsReportedAndAddsNothing(string value, string problem)
    {
        var candles = new List<Candle>();
        Assert.False(CandleMessage.TryDecode(Encoding.UTF8.GetBytes(value), candles, out var found));
        Assert.Contains(problem, found, StringComparison.Ordinal);
        Assert.NotEqual("", found);
        var second = Encoding.UTF8.GetBytes(Example[..^1] + ",{\"open\":null}]");
        Assert.False(CandleMessage.TryDecode(second, candles, out _));
        Assert.Empty(candles);
    }

    [Fact]
    public void Decode_EveryTruncationAndByteFlip_NeverThrows()
    {
        var bytes = Encoding.UTF8.GetBytes(Example);
        var candles = new List<Candle>();
        for (var i = 0; i < bytes.Length; i++)
        {
            Assert.False(CandleMessage.TryDecode(bytes.AsSpan(0, i), candles, out _));
            foreach (byte flip in (byte[])[0x00, 0x22, 0x80, 0xff, (byte)'9', (byte)'{'])
            {
                var broken = bytes.ToArray();
                broken[i] = flip;
                CandleMessage.TryDecode(broken, candles, out _);
            }
        }
    }

    [Theory]
    [InlineData(0.0, "0.0")]
    [InlineData(114100.0, "114100.0")]
    [InlineData(0.0001, "0.0001")]
    [InlineData(0.00001, "1e-05")]
    [InlineData(0.0000123, "1.23e-05")]
    [InlineData(-0.000099, "-9.9e-05")]
    [InlineData(1e15, "1000000000000000.0")]
    [InlineData(1234567890123456.5, "1234567890123456.5")]
    [InlineData(1e16, "1e+16")]
    [InlineData(1.5e300, "1.5e+300")]
    [InlineData(5e-324, "5e-324")]
    [InlineData(0.1 + 0.2, "0.30000000000000004")]
    public void NumberText_AnyDouble_IsWrittenAsPythonWritesIt(double value, string text)
    {
        Assert.Equal(text, Radar.Market.Candles.NumberText.Format(value));
        Assert.Equal(value, JsonSerializer.Deserialize<double>(text));
    }
}
