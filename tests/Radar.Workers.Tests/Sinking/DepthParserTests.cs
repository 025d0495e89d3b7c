using System.Text;
using Radar.Market.ClickHouse;
using Radar.Workers.Sinking;

namespace Radar.Workers.Tests.Sinking;

public sealed class DepthParserTests
{
    private readonly DepthParser _parser = new(DepthFormat.Array);

    [Theory]
    [InlineData("""["X@sellDepth",[{"quantity":1,"price":2}],{"relay":true}]""")]
    [InlineData("""["X@buyDepth",[]]""")]
    [InlineData("""["X",[{"quantity":"1.5","price":"2","sum":null}]]""")]
    [InlineData("""{"sid":"x","pingInterval":25000}""")]
    public void Frame_OfAnyKind_IsUnderstood(string frame) => Assert.Null(_parser.Problem(frame));

    [Theory]
    [InlineData(null, "an empty value")]
    [InlineData("""["X@sellDepth",[{"quantity":1}]]""", "level 0 without price")]
    [InlineData("""["X@sellDepth",[{"quantity":1,"price":1},{"price":"x","quantity":1}]]""", "level 1 with a price of 'x'")]
    [InlineData("""["X@sellDepth",[1]]""", "level 0, which is no object")]
    [InlineData("""["X@sellDepth",{}]""", "levels of X that are no array")]
    [InlineData("""["X@sellDepth"]""", "no array of a channel and levels")]
    [InlineData("""{"a":1}""", "an object that is no order book")]
    [InlineData("""["@sellDepth",[]]""", "without a market")]
    [InlineData("[", "")]
    public void Record_ThatIsNoOrderBook_IsToldWhy(string? text, string words) => Assert.Contains(words, _parser.Problem(text), StringComparison.Ordinal);

    [Fact]
    public void Frame_OfMoreLevelsThanCanBeCounted_IsRefused() => Assert.Contains(
        "300 levels", _parser.Problem($"""["X@sellDepth",[{string.Join(',', Enumerable.Repeat("""{"price":1,"quantity":1}""", 300))}]]"""), StringComparison.Ordinal);

    [Fact]
    public void Frame_InTheFlatFormat_IsARowForEachLevel()
    {
        using var batch = new RowBinaryBatch();
        Assert.Null(new DepthParser(DepthFormat.Flat).Parse(Encoding.UTF8.GetBytes("""["X@sellDepth",[{"quantity":1,"price":2},{"quantity":3,"price":4}]]"""), 0, 0, batch));
        Assert.Equal(2, batch.Rows);
    }
}
