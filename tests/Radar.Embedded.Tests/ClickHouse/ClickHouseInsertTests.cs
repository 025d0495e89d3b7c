using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Radar.Embedded.Tests.ClickHouse;

public sealed class ClickHouseInsertTests(ClickHouseFixture server) : IClassFixture<ClickHouseFixture>, IDisposable
{
    private readonly RawClient _client = new(server);

    public void Dispose() => _client.Dispose();

    [Theory]
    [InlineData("RowBinary")]
    [InlineData("RowBinaryWithNamesAndTypes")]
    [InlineData("JSONEachRow")]
    [InlineData("Native")]
    [InlineData("CSV")]
    public async Task Insert_RowsOfAFormat_AreStoredAsTheyWere(string format)
    {
        // Texts and numbers whose bytes are empty lines, semicolons, quotes and zeros: nothing of them may end the rows.
        const string Rows = "SELECT number AS a, concat('\\n\\n;\\'', char(0), toString(number)) AS s, [number, 0x0a0a0a] AS n FROM numbers(20000)";
        var table = await TableAsync("a UInt64, s String, n Array(UInt64)");
        using var rows = await _client.PostAsync("/?default_format=" + format, Rows);
        var bytes = await rows.Content.ReadAsByteArrayAsync();

        using var inUrl = await _client.PostAsync($"/?query={Uri.EscapeDataString($"INSERT INTO {table} (a, s, n) FORMAT {format}")}", bytes);
        Assert.True(inUrl.IsSuccessStatusCode, await inUrl.Content.ReadAsStringAsync());
        using var inBody = await _client.PostAsync("/", [.. Encoding.UTF8.GetBytes($"INSERT INTO {table} (a, s, n) FORMAT {format}\n"), .. bytes]);
        Assert.True(inBody.IsSuccessStatusCode, await inBody.Content.ReadAsStringAsync());

        Assert.Equal("40000\n", await _client.RunAsync($"SELECT count() FROM {table}"));
        Assert.Equal("0\n", await _client.RunAsync($"SELECT count() FROM {table} WHERE (a, s, n) NOT IN ({Rows})"));
        Assert.Equal("20000\n", await _client.RunAsync($"SELECT uniqExact(a, s, n) FROM {table}"));
    }

    [Fact]
    public async Task Insert_Values_AreStored()
    {
        var table = await TableAsync("a UInt64, s String");
        await _client.RunAsync($"INSERT INTO {table} (a, s) VALUES (1, 'x'), (1 + 1, 'FORMAT RowBinary');\n");
        await _client.RunAsync($"INSERT INTO {table} SELECT 3, 'z'");
        Assert.Equal("1\tx\n2\tFORMAT RowBinary\n3\tz\n", await _client.RunAsync($"SELECT * FROM {table} ORDER BY a"));
    }

    [Fact]
    public async Task Insert_Acknowledged_TellsRowsInItsSummary()
    {
        var table = await TableAsync("a UInt64");
        using var response = await _client.PostAsync($"/?query=INSERT%20INTO%20{table}%20FORMAT%20CSV", "1\n2\n3\n");
        using var summary = JsonDocument.Parse(response.Headers.GetValues("X-ClickHouse-Summary").Single());
        Assert.Equal("3", summary.RootElement.GetProperty("written_rows").GetString());
    }

    [Fact]
    public async Task Insert_RefusedRowAmongGoodOnes_StoresNothing()
    {
        var table = await TableAsync("a UInt64");
        var rows = string.Concat(Enumerable.Repeat("1\n", 5000)) + "abc\n" + string.Concat(Enumerable.Repeat("1\n", 500_000));
        using var response = await _client.PostAsync($"/?query=INSERT%20INTO%20{table}%20FORMAT%20TSV", rows);
        Assert.Equal("27", response.Headers.GetValues("X-ClickHouse-Exception-Code").Single());
        Assert.Contains("(at row 5001)", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal("0\n", await _client.RunAsync($"SELECT count() FROM {table}"));
    }

    [Fact]
    public async Task Insert_BrokenOffByItsClient_StoresNothing()
    {
        var table = await TableAsync("a UInt64");
        using (var socket = new TcpClient())
        {
            await socket.ConnectAsync(server.Options.Url.Host, server.Options.Url.Port);
            var head = $"POST /?query=INSERT%20INTO%20{table}%20FORMAT%20CSV HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n"
                + $"Authorization: {RawClient.Basic(server.Options.User, server.Options.Password)}\r\n\r\n";
            await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(head + "1\n2\n3\n"));
        }
        await Eventually.TrueAsync(() => server.Log.Contains("broke off", StringComparison.Ordinal), Patience.Long, "the server to notice");
        Assert.Equal("0\n", await _client.RunAsync($"SELECT count() FROM {table}"));
    }

    [Fact]
    public async Task Insert_ManyClientsAtOnce_StoresEveryRowOnce()
    {
        const int Clients = 16, Inserts = 20, Rows = 500;
        var table = await TableAsync("client UInt32, row UInt32");
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(async client =>
        {
            for (var insert = 0; insert < Inserts; insert++)
            {
                var rows = string.Concat(Enumerable.Range(insert * Rows, Rows).Select(row => $"{client}\t{row}\n"));
                await _client.RunAsync(rows, $"query=INSERT%20INTO%20{table}%20FORMAT%20TSV");
                await _client.RunAsync($"SELECT count() FROM {table}");
            }
        }));
        Assert.Equal(
            $"{Clients * Inserts * Rows}\t{Clients * Inserts * Rows}\n", await _client.RunAsync($"SELECT count(), uniqExact(client, row) FROM {table}"));
    }

    [Fact]
    public async Task Insert_SameTokenTwice_IsStoredOnce()
    {
        var table = await TableAsync("a UInt64", "SETTINGS non_replicated_deduplication_window = 100");
        foreach (var token in (string[])["first", "first", "second"])
        {
            await _client.RunAsync("1\n2\n", $"insert_deduplication_token={token}&query=INSERT%20INTO%20{table}%20FORMAT%20TSV");
        }
        Assert.Equal("4\n", await _client.RunAsync($"SELECT count() FROM {table}"));
    }

    private async Task<string> TableAsync(string columns, string settings = "")
    {
        var table = await server.CreateDatabaseAsync() + ".t";
        await _client.RunAsync($"CREATE TABLE {table} ({columns}) ENGINE = MergeTree ORDER BY tuple() {settings}");
        return table;
    }
}
