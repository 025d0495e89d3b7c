using Radar.Market.ClickHouse;
using Radar.Testing;

namespace Radar.Market.Tests.ClickHouse;

/// <summary>The same client before a real server of another build.</summary>
public sealed class OldServerTests(OldClickHouseFixture server) : IClassFixture<OldClickHouseFixture>
{
    private static CancellationToken None => CancellationToken.None;

    private static TableName Trades => new("trades", TradesTable.DefaultName);

    [OldClickHouseFact]
    public async Task Trades_OnAServerOf2018_AreSetUpInsertedAndRead()
    {
        foreach (var packed in (bool[])[false, true])
        {
            using var client = new ClickHouseClient(server.Options with { Compress = packed }, TimeProvider.System);
            var table = TradesTable.Define(Trades);
            Assert.Single(await TableSetup.SetupAsync(client, table, None));
            Assert.Empty(await TableSetup.SetupAsync(client, table, None));
            using var batch = new RowBinaryBatch();
            for (var row = 0; row < 1000; row++)
            {
                Frames.Write(batch);
            }
            await client.InsertAsync(table, batch.Content, "a token that it does not know", None);
            Assert.Equal(
                ["1", "USDTTMN", "buy", "82131", "255.75", "2025-06-01 09:33:41"],
                Assert.Single(await client.QueryAsync(
                    $"SELECT count(), any(symbol), any(side), any(price), any(base_amount), any(event_time) FROM {Trades} FINAL", None)));
            await TableSetup.DropDatabaseAsync(client, Trades.Database, None);
        }
    }

    [OldClickHouseFact]
    public async Task Features_OfAServerOf2018_AreFew()
    {
        using var client = server.CreateClient();
        var features = await client.FeaturesAsync(None);
        Assert.False(features.HasTtl || features.HasDateTime64 || features.Has("insert_deduplication_token") || features.Has("async_insert"));
    }

    [OldClickHouseFact]
    public async Task Setup_WhatTheServerCannot_SaysWhichVersionCan()
    {
        using var client = server.CreateClient();
        foreach (var table in (TableDefinition[])[DepthTable.Define(new("trades", DepthTable.DefaultName), DepthFormat.Array), TradesTable.Define(Trades, retentionDays: 90)])
        {
            var problem = await Assert.ThrowsAsync<ClickHouseException>(() => TableSetup.SetupAsync(client, table, None));
            Assert.Equal(ClickHouseFault.Setup, problem.Fault);
            Assert.Contains("or newer", problem.Message, StringComparison.Ordinal);
        }
    }

    [OldClickHouseFact]
    public async Task Errors_OfAServerOf2018_AreToldApart()
    {
        using var client = server.CreateClient();
        var table = TradesTable.Define(new TableName("default", "no_such_table"));
        Assert.Equal((ClickHouseFault.Setup, 60), await FaultAsync(client.InsertAsync(table, new byte[1], null, None)));
        Assert.Equal((ClickHouseFault.Setup, 62), await FaultAsync(client.ExecuteAsync("nonsense", None)));
        using var stranger = new ClickHouseClient(server.Options with { Password = "another" }, TimeProvider.System);
        Assert.Equal(ClickHouseFault.Setup, (await FaultAsync(stranger.QueryAsync("SELECT 1", None))).Fault);

        await TableSetup.SetupAsync(client, table with { Name = new TableName("default", "t") }, None);
        Assert.Equal(ClickHouseFault.Rows, (await FaultAsync(client.InsertAsync(table with { Name = new TableName("default", "t") }, new byte[] { 200, 1, 2 }, null, None))).Fault);
    }

    [OldClickHouseFact]
    public async Task Request_ToTheNativePort_SaysWhatToSet()
    {
        using var client = new ClickHouseClient(server.Options with { Url = server.NativeAddress }, TimeProvider.System);
        var problem = await Assert.ThrowsAsync<ClickHouseException>(() => client.QueryAsync("SELECT 1", None));
        Assert.Equal(ClickHouseFault.Setup, problem.Fault);
        Assert.Contains("CLICKHOUSE_HTTP_PORT", problem.Message, StringComparison.Ordinal);
    }

    private static async Task<(ClickHouseFault Fault, int Code)> FaultAsync(Task request)
    {
        var problem = await Assert.ThrowsAsync<ClickHouseException>(() => request);
        return (problem.Fault, problem.Code);
    }
}
