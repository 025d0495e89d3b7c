using System.Net;
using Radar.Market.ClickHouse;

namespace Radar.Market.Tests.ClickHouse;

public sealed class ClickHouseErrorsTests
{
    private static readonly Uri Server = new("http://127.0.0.1:8123");

    [Theory]
    [InlineData(500, "252", "Code: 252. DB::Exception: Too many parts (300). Merges are processing significantly slower than inserts.", ClickHouseFault.Transient, 252)]
    [InlineData(500, "252", "Code: 252. DB::Exception: Too many partitions for single INSERT block (more than 100).", ClickHouseFault.Rows, 252)]
    [InlineData(500, "241", "Code: 241. DB::Exception: Memory limit (total) exceeded", ClickHouseFault.Transient, 241)]
    [InlineData(404, "60", "Code: 60. DB::Exception: Table trades.trades_master does not exist.", ClickHouseFault.Setup, 60)]
    [InlineData(403, "516", "Code: 516. DB::Exception: default: Authentication failed", ClickHouseFault.Setup, 516)]
    [InlineData(400, "27", "Code: 27. DB::Exception: Cannot parse input", ClickHouseFault.Rows, 27)]
    [InlineData(500, null, "Code: 33, e.displayText() = DB::Exception: Cannot read all data, e.what() = DB::Exception", ClickHouseFault.Rows, 33)]
    [InlineData(502, null, "<html>Bad Gateway</html>", ClickHouseFault.Transient, 0)]
    [InlineData(429, null, "", ClickHouseFault.Transient, 0)]
    [InlineData(413, null, "", ClickHouseFault.Rows, 0)]
    [InlineData(404, null, "no such page", ClickHouseFault.Setup, 0)]
    public void Of_Answer_TellsWhatIsToBeDone(int status, string? code, string body, ClickHouseFault fault, int number)
    {
        var problem = ClickHouseErrors.Of((HttpStatusCode)status, code, body, Server);
        Assert.Equal((fault, number, fault == ClickHouseFault.Transient), (problem.Fault, problem.Code, problem.IsTransient));
        Assert.Contains(body, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_NativePortsOwnWords_SaysWhatToSet()
    {
        var problem = ClickHouseErrors.Of(
            HttpStatusCode.BadRequest, null, "Port 9000 is for clickhouse-client program.\r\nYou must use port 8123 for HTTP.\r\n", Server);
        Assert.Equal(ClickHouseFault.Setup, problem.Fault);
        Assert.Contains("CLICKHOUSE_HTTP_PORT", problem.Message, StringComparison.Ordinal);
    }
}
