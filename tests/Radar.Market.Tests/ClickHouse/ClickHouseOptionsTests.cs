using Microsoft.Extensions.Configuration;
using Radar.Market.ClickHouse;

namespace Radar.Market.Tests.ClickHouse;

public sealed class ClickHouseOptionsTests
{
    [Fact]
    public void Read_NothingSet_IsALocalServerWithoutPassword() =>
        Assert.Equal(new ClickHouseOptions(), Read());

    [Fact]
    public void Read_OriginalsNames_AreUnderstood()
    {
        var options = Read(
            ("CLICKHOUSE_HOST", "clickhouse"), ("CLICKHOUSE_PORT", "9000"), ("CLICKHOUSE_DB", "other"), ("CLICKHOUSE_USER", "me"), ("CLICKHOUSE_PASSWORD", "secret"));
        Assert.Equal(
            new ClickHouseOptions { Url = new Uri("http://clickhouse:8123"), Database = "other", User = "me", Password = "secret", Compress = true }, options);
        Assert.Equal(8124, Read(("CLICKHOUSE_HOST", "clickhouse"), ("CLICKHOUSE_HTTP_PORT", "8124")).Url.Port);
    }

    [Fact]
    public void Read_OwnNames_WinOverTheOriginals() => Assert.Equal(
        new Uri("https://db:8443"),
        Read(("Radar:ClickHouse:Url", "https://db:8443"), ("CLICKHOUSE_HOST", "clickhouse")).Url);

    [Fact]
    public void Read_WrongOnes_AreListedTogether()
    {
        var problem = Assert.Throws<ArgumentException>(
            () => Read(("Radar:ClickHouse:Url", "db:9000"), ("Radar:ClickHouse:Timeout", "soon"), ("Radar:ClickHouse:Compression", "zip")));
        foreach (var part in (string[])["Url is 'db:9000'", "Timeout is 'soon'", "Compression is 'zip'"])
        {
            Assert.Contains(part, problem.Message, StringComparison.Ordinal);
        }
    }

    private static ClickHouseOptions Read(params (string Name, string Value)[] settings) => ClickHouseOptions.Read(
        new ConfigurationBuilder().AddInMemoryCollection(settings.ToDictionary(setting => setting.Name, setting => (string?)setting.Value)).Build());
}
