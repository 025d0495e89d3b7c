using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Radar.Embedded.Tests.ClickHouse;

public sealed class ClickHouseProcessTests(ClickHouseFixture server) : IClassFixture<ClickHouseFixture>, IDisposable
{
    private readonly RawClient _client = new(server);
    private readonly TemporaryFolder _folder = new();

    public void Dispose()
    {
        _client.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Kill_AfterAcknowledgedInserts_LosesNone()
    {
        var table = await TableAsync();
        for (var row = 0; row < 50; row++)
        {
            await _client.RunAsync($"INSERT INTO {table} VALUES ({row})");
        }
        await server.KillAsync();
        await server.StartAgainAsync();
        Assert.Equal("50\t1225\n", await _client.RunAsync($"SELECT count(), sum(a) FROM {table}"));
    }

    [Fact]
    public async Task Stop_WhileAnInsertRuns_FinishesItFirst()
    {
        var table = await TableAsync();
        using var socket = new TcpClient();
        await socket.ConnectAsync(server.Options.Url.Host, server.Options.Url.Port);
        var stream = socket.GetStream();
        var head = $"POST /?query=INSERT%20INTO%20{table}%20FORMAT%20CSV HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nConnection: close\r\n"
            + $"Authorization: {RawClient.Basic(server.Options.User, server.Options.Password)}\r\n\r\n1\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head));
        await Eventually.TrueAsync(
            async () => (await _client.RunAsync("SELECT count() FROM system.processes WHERE query ILIKE 'INSERT%'")).Trim() != "0",
            Patience.Long, "the insert to run");

        var stopped = server.StopAsync();
        await Eventually.TrueAsync(() => !Answers(server.Options.Url.Port), Patience.Long, "the server to take no more requests");
        await stream.WriteAsync("2\n"u8.ToArray());
        using var reader = new StreamReader(stream);
        Assert.StartsWith("HTTP/1.1 200", await reader.ReadToEndAsync(), StringComparison.Ordinal);
        Assert.Equal(0, await stopped);

        await server.StartAgainAsync();
        Assert.Equal("3\n", await _client.RunAsync($"SELECT sum(a) FROM {table}"));
    }

    [Fact]
    public async Task Statements_OneAfterTheOther_LeaveNoMemoryMapsBehind()
    {
        // Linux allows a process 65,530; two for each statement would end it after a day.
        await StatementsAsync(100);
        var before = Maps();
        await StatementsAsync(400);
        Assert.InRange(Maps() - before, int.MinValue, 200);

        async Task StatementsAsync(int count)
        {
            for (var i = 0; i < count; i++)
            {
                await _client.RunAsync("SELECT 1");
            }
        }
        int Maps() => File.ReadLines($"/proc/{server.Pid}/maps").Count();
    }

    [Fact]
    public async Task Start_FolderInUse_SaysSo()
    {
        using var first = EmbeddedProcess.Start(new Dictionary<string, string?>(), Arguments(_folder.Path, FreePort.Next(), out var port));
        await Eventually.TrueAsync(() => Answers(port) || first.HasExited, Patience.Long, "the first server");
        var (exitCode, output) = await EmbeddedProcess.RunAsync(Arguments(_folder.Path, FreePort.Next(), out _));
        Assert.Equal(1, exitCode);
        Assert.Contains("Does another process use the folder?", output, StringComparison.Ordinal);
        await first.KillAsync();
    }

    [Fact]
    public async Task Start_PortTaken_NamesThePort()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var (exitCode, output) = await EmbeddedProcess.RunAsync(Arguments(_folder.Path, ((IPEndPoint)taken.LocalEndpoint).Port, out var port));
        Assert.Equal(1, exitCode);
        Assert.Contains(port.ToString(CultureInfo.InvariantCulture), output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lifeline_LauncherDies_StopsAServerThatLivesInUtcWithoutAPassword()
    {
        var path = _folder.In("up.lock");
        var lifeline = Lifeline.Hold(path)!;
        using var process = EmbeddedProcess.Start(
            new Dictionary<string, string?> { [Lifeline.Variable] = path, ["TZ"] = "Asia/Tehran" }, Arguments(_folder.Path, FreePort.Next(), out var port));
        await Eventually.TrueAsync(() => Answers(port) || process.HasExited, Patience.Long, "the server");
        using (var anonymous = new HttpClient())
        using (var response = await anonymous.GetAsync(new Uri($"http://127.0.0.1:{port}/?query=SELECT%20toDateTime(0)")))
        {
            Assert.Equal("1970-01-01 00:00:00\n", await response.Content.ReadAsStringAsync());
            Assert.Equal("UTC", response.Headers.GetValues("X-ClickHouse-Timezone").Single());
        }
        lifeline.Dispose();
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
    }

    private static string[] Arguments(string state, int free, out int port)
    {
        port = free;
        return ["clickhouse", "--state", state, "--port", free.ToString(CultureInfo.InvariantCulture)];
    }

    private static bool Answers(int port)
    {
        try
        {
            using var socket = new TcpClient();
            socket.Connect(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private async Task<string> TableAsync()
    {
        var table = await server.CreateDatabaseAsync() + ".t";
        await _client.RunAsync($"CREATE TABLE {table} (a UInt64) ENGINE = MergeTree ORDER BY a");
        return table;
    }
}
