using System.Net;
using System.Net.Sockets;
using Radar.Market.ClickHouse;
using Radar.Testing;

namespace Radar.Market.Tests.ClickHouse;

public sealed class ClickHouseClientTests(ClickHouseFixture server) : IClassFixture<ClickHouseFixture>, IDisposable
{
    private readonly ClickHouseClient _client = server.CreateClient();

    private static CancellationToken None => CancellationToken.None;

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task Query_TextsWithEverythingInThem_ComeBackAsTheyWere()
    {
        var row = Assert.Single(await _client.QueryAsync("SELECT 'a\\tb\\nc\\\\\\'d', NULL, '', 1.5, [1,2]", None));
        Assert.Equal(["a\tb\nc\\'d", null, "", "1.5", "[1,2]"], row);
        Assert.Empty(await _client.QueryAsync("SELECT 1 WHERE 0", None));
    }

    [Fact]
    public async Task Features_OfTheEngine_AreModern()
    {
        var features = await _client.FeaturesAsync(None);
        Assert.True(features.HasTtl && features.HasDateTime64 && features.Has("insert_deduplication_token") && features.Has("non_replicated_deduplication_window"));
        Assert.StartsWith($"{features.Version}.", features.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Insert_Batch_IsOneRequestAndOneBlock(bool packed)
    {
        using var client = new ClickHouseClient(server.Options with { Compress = packed }, TimeProvider.System);
        var table = DepthTable.Define(new TableName(await server.CreateDatabaseAsync(), "d"), DepthFormat.Array);
        await TableSetup.SetupAsync(client, table, None);
        using var batch = new RowBinaryBatch();
        for (var row = 0; row < 5_000; row++)
        {
            Frames.Write(batch, DepthFormat.Array, Frames.Lasting + row);
        }
        Assert.Equal(5_000, await client.InsertAsync(table, batch.Content, "radar_depths:0:0-4999", None));
        await client.InsertAsync(table, batch.Content, "radar_depths:0:0-4999", None);
        Assert.Equal(["5000", "1"], (await client.QueryAsync(
            $"SELECT (SELECT count() FROM {table.Name}), (SELECT count() FROM system.parts WHERE active AND database = '{table.Name.Database}')", None))[0]);
    }

    [Fact]
    public async Task Insert_RowsThatCannotBeRead_AreTheRowsFault()
    {
        var table = TradesTable.Define(new TableName(await server.CreateDatabaseAsync(), "t"));
        await TableSetup.SetupAsync(_client, table, None);
        var problem = await Assert.ThrowsAsync<ClickHouseException>(() => _client.InsertAsync(table, new byte[] { 200, 1, 2 }, null, None));
        Assert.Equal((ClickHouseFault.Rows, 33), (problem.Fault, problem.Code));
    }

    [Fact]
    public async Task Insert_TableNotThere_IsASetupFault()
    {
        var table = TradesTable.Define(new TableName(await server.CreateDatabaseAsync(), "t"));
        var problem = await Assert.ThrowsAsync<ClickHouseException>(() => _client.InsertAsync(table, new byte[1], null, None));
        Assert.Equal((ClickHouseFault.Setup, 60), (problem.Fault, problem.Code));
    }

    [Fact]
    public async Task Request_WrongPassword_IsASetupFault()
    {
        using var client = new ClickHouseClient(server.Options with { Password = "another" }, TimeProvider.System);
        var problem = await Assert.ThrowsAsync<ClickHouseException>(() => client.QueryAsync("SELECT 1", None));
        Assert.Equal((ClickHouseFault.Setup, 516), (problem.Fault, problem.Code));
    }

    [Fact]
    public async Task Request_NobodyListens_IsTransient()
    {
        using var client = new ClickHouseClient(new ClickHouseOptions { Url = new Uri($"http://127.0.0.1:{FreePort.Next()}") }, TimeProvider.System);
        Assert.True((await Assert.ThrowsAsync<ClickHouseException>(() => client.PingAsync(None))).IsTransient);
    }

    [Fact]
    public async Task Request_SilentServer_IsTransientAfterTheTimeout()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        using var client = new ClickHouseClient(
            new ClickHouseOptions { Url = new Uri($"http://{silent.LocalEndpoint}"), Timeout = TimeSpan.FromMilliseconds(300) }, TimeProvider.System);
        var problem = await Assert.ThrowsAsync<ClickHouseException>(() => client.PingAsync(None));
        Assert.True(problem.IsTransient);
        Assert.Contains("did not answer", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Request_ServerThatSpeaksNoHttp_NamesTheSetting()
    {
        using var foreign = new TcpListener(IPAddress.Loopback, 0);
        foreign.Start();
        var answering = Task.Run(async () =>
        {
            using var socket = await foreign.AcceptSocketAsync();
            await socket.SendAsync("\0\nClickHouse server\u0012"u8.ToArray());
            await socket.ReceiveAsync(new byte[4096]);
        });
        using var client = new ClickHouseClient(new ClickHouseOptions { Url = new Uri($"http://{foreign.LocalEndpoint}") }, TimeProvider.System);
        var problem = await Assert.ThrowsAsync<ClickHouseException>(() => client.PingAsync(None));
        Assert.Contains("CLICKHOUSE_HTTP_PORT", problem.Message, StringComparison.Ordinal);
        await answering;
    }

    [Fact]
    public async Task Request_GivenUpByItsCaller_IsCancelled()
    {
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _client.QueryAsync("SELECT 1", stop.Token));
    }
}
