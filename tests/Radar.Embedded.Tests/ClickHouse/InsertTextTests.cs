using System.Text;
using Radar.Embedded.ClickHouse;

namespace Radar.Embedded.Tests.ClickHouse;

public sealed class InsertTextTests
{
    [Theory]
    [InlineData("INSERT INTO t FORMAT RowBinary\n|rows", "INSERT INTO t", "RowBinary")]
    [InlineData("insert into t (a, b) format  CSV \r\n|1,2", "insert into t (a, b)", "CSV")]
    [InlineData("INSERT INTO t FORMAT JSONEachRow |{\"a\":1}", "INSERT INTO t", "JSONEachRow")]
    [InlineData("INSERT INTO t FORMAT TSV\n|\n\nrows that begin with empty lines", "INSERT INTO t", "TSV")]
    [InlineData("INSERT INTO t VALUES| (1, 'FORMAT')", "INSERT INTO t", "Values")]
    [InlineData("INSERT INTO t (a)values|(1)", "INSERT INTO t (a)", "Values")]
    [InlineData("-- FORMAT CSV\nINSERT /* VALUES */ INTO db.`format` (`values`, \"select\") SETTINGS a=1 FORMAT Native\n|x",
        "-- FORMAT CSV\nINSERT /* VALUES */ INTO db.`format` (`values`, \"select\") SETTINGS a=1", "Native")]
    [InlineData("INSERT INTO FUNCTION file('it\\'s FORMAT x', 'CSV') FORMAT CSV\n|1", "INSERT INTO FUNCTION file('it\\'s FORMAT x', 'CSV')", "CSV")]
    [InlineData("INSERT INTO TABLE t (* EXCEPT(a)) FORMAT CSV\n|1", "INSERT INTO TABLE t (* EXCEPT(a))", "CSV")]
    [InlineData("INSERT INTO t (a, b)|", "INSERT INTO t (a, b)", null)]
    public void Read_InsertOfRows_PartsStatementFromRows(string text, string statement, string? format)
    {
        var bytes = Encoding.UTF8.GetBytes(text.Replace("|", "", StringComparison.Ordinal));
        var insert = InsertText.Read(bytes, isWhole: true);
        Assert.Equal(new InsertText(TextKind.InsertOfRows, statement, format, Encoding.UTF8.GetByteCount(text[..text.IndexOf('|', StringComparison.Ordinal)])), insert);
    }

    [Theory]
    [InlineData("SELECT 1 FORMAT CSV")]
    [InlineData("CREATE TABLE inserted (a Int8) ENGINE = Memory")]
    [InlineData("INSERT INTO t SELECT a FROM u")]
    [InlineData("INSERT INTO t (a) WITH 1 AS x SELECT x")]
    [InlineData("INSERT INTO t (SELECT 1)")]
    [InlineData("")]
    public void Read_AnyOtherStatement_IsOneText(string text) =>
        Assert.Equal(TextKind.Statement, InsertText.Read(Encoding.UTF8.GetBytes(text), isWhole: true).Kind);

    [Fact]
    public void Read_TextThatComesByteByByte_GivesTheSameOnceItIsClear()
    {
        var whole = Encoding.UTF8.GetBytes("INSERT INTO `a``b` (x) /* ( */ SETTINGS s='FORMAT' FORMAT RowBinary\nrows");
        var expected = InsertText.Read(whole, isWhole: true);
        for (var length = 0; length <= whole.Length; length++)
        {
            var insert = InsertText.Read(whole.AsSpan(0, length), isWhole: false);
            Assert.True(insert.Kind == TextKind.Unknown ? length <= expected.Rows : insert == expected, $"after {length} bytes: {insert}");
        }
    }

    [Theory]
    [InlineData("SELECT 1 FORMAT JSON", "JSON")]
    [InlineData("SELECT 1 format TSV;", "TSV")]
    [InlineData("SELECT 'FORMAT CSV'", null)]
    [InlineData("SELECT format('{}', 'x')", null)]
    [InlineData("SELECT (SELECT 1 FORMAT CSV) -- FORMAT XML", null)]
    public void NamedIn_Statement_IsItsLastFormat(string statement, string? format) =>
        Assert.Equal(format, ResultFormat.NamedIn(Encoding.UTF8.GetBytes(statement)));
}
