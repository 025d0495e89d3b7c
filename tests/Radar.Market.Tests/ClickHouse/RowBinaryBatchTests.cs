using Radar.Market.ClickHouse;

namespace Radar.Market.Tests.ClickHouse;

public sealed class RowBinaryBatchTests : IDisposable
{
    private readonly RowBinaryBatch _batch = new();

    public void Dispose() => _batch.Dispose();

    [Fact]
    public void Write_EveryType_HasTheBytesOfTheFormat()
    {
        _batch.WriteUInt8(7);
        _batch.WriteFloat64(1.5);
        _batch.WriteDateTime(0x01020304);
        _batch.WriteDateTime64(-1);
        _batch.WriteString("é");
        _batch.WriteString("ab"u8);
        _batch.WriteFloat64Array([0.0, -2.0]);
        _batch.EndRow();
        Assert.Equal(
            "07" + "000000000000F83F" + "04030201" + "FFFFFFFFFFFFFFFF" + "02C3A9" + "026162" + "02" + "0000000000000000" + "00000000000000C0",
            Convert.ToHexString(_batch.Content.Span));
    }

    [Theory]
    [InlineData(127, "7F")]
    [InlineData(128, "8001")]
    [InlineData(300_000, "E0A712")]
    public void WriteString_AnyLength_BeginsWithItInSevenBitBytes(int length, string prefix)
    {
        _batch.WriteString(new byte[length]);
        _batch.EndRow();
        Assert.StartsWith(prefix, Convert.ToHexString(_batch.Content.Span), StringComparison.Ordinal);
        Assert.Equal(prefix.Length / 2 + length, _batch.Bytes);
    }

    [Fact]
    public void Slice_OfParts_GivesTheirRowsAndNoMore()
    {
        for (byte row = 0; row < 10; row++)
        {
            _batch.WriteString(new string('x', row));
            _batch.EndRow();
        }
        for (var first = 0; first <= 10; first++)
        {
            for (var count = 0; first + count <= 10; count++)
            {
                var expected = Enumerable.Range(first, count).SelectMany(row => (byte[])[(byte)row, .. Enumerable.Repeat((byte)'x', row)]);
                Assert.Equal(expected, _batch.Slice(first, count).ToArray());
            }
        }
        Assert.Throws<ArgumentOutOfRangeException>(() => _batch.Slice(5, 6));
    }

    [Fact]
    public void AbandonRow_HalfWritten_LeavesTheRowsBefore()
    {
        _batch.WriteUInt8(1);
        _batch.EndRow();
        _batch.WriteString(new byte[100_000]);
        Assert.Equal(1, _batch.Bytes);
        _batch.AbandonRow();
        _batch.WriteUInt8(2);
        _batch.EndRow();
        Assert.Equal([1, 2], _batch.Content.ToArray());
        _batch.Clear();
        Assert.Equal((0, 0), (_batch.Rows, _batch.Bytes));
    }

    [Fact]
    public void Write_AfterDispose_IsRefused()
    {
        _batch.Dispose();
        Assert.Throws<ObjectDisposedException>(() => _batch.WriteUInt8(1));
    }
}
