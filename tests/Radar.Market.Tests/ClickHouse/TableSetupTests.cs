using Radar.Market.ClickHouse;
using Radar.Testing;

namespace Radar.Market.Tests.ClickHouse;

public sealed class TableSetupTests(ClickHouseFixture server) : IClassFixture<ClickHouseFixture>, IDisposable
{
    private readonly ClickHouseClient _client = server.CreateClient();
    private readonly string _database = $"test_{Guid.NewGuid():n}";

    private static CancellationToken None => CancellationToken.None;

    private TableName Trades => new(_database, TradesTable.DefaultName);

    private TableName Depth => new(_database, DepthTable.DefaultName);

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task Setup_Trades_MakesTheOriginalsTableAndTakesItsRow()
    {
        var table = TradesTable.Define(Trades);
        Assert.Single(await TableSetup.SetupAsync(_client, table, None));
        Assert.Empty(await TableSetup.SetupAsync(_client, table, None));
        Assert.Equal(
            $"CREATE TABLE {_database}.trades_master (`trade_id` String, `source` String, `symbol` String, `side` String, `price` Float64, `base_amount` Float64, "
            + "`quote_amount` Float64, `event_time` DateTime, `inserted_at` DateTime DEFAULT now()) ENGINE = ReplacingMergeTree ORDER BY (source, trade_id) "
            + "SETTINGS index_granularity = 8192",
            await ShownAsync(Trades));

        using var batch = new RowBinaryBatch();
        Frames.Write(batch);
        Frames.Write(batch);
        await _client.InsertAsync(table, batch.Content, null, None);
        await _client.InsertAsync(table, batch.Slice(0, 1), null, None);
        Assert.Equal(["1"], Assert.Single(await _client.QueryAsync($"SELECT count() FROM {Trades} FINAL", None)));
        Assert.Equal(
            ["USDTTMN", "buy", "82131", "255.75", "2025-06-01 09:33:41"],
            (await _client.QueryAsync($"SELECT symbol, side, price, base_amount, event_time FROM {_database}.trades_master ORDER BY event_time DESC LIMIT 5", None))[0]);
    }

    [Fact]
    public async Task Setup_TradesWithAnAgeLimit_HasItFromTheBeginningOrLater()
    {
        await TableSetup.SetupAsync(_client, TradesTable.Define(Trades), None);
        Assert.DoesNotContain("TTL", await ShownAsync(Trades), StringComparison.Ordinal);
        Assert.Single(await TableSetup.SetupAsync(_client, TradesTable.Define(Trades, retentionDays: 90), None));
        Assert.Contains("TTL event_time + toIntervalDay(90)", await ShownAsync(Trades), StringComparison.Ordinal);
        Assert.Empty(await TableSetup.SetupAsync(_client, TradesTable.Define(Trades, retentionDays: 90), None));

        await TableSetup.DropAsync(_client, Trades, None);
        await TableSetup.SetupAsync(_client, TradesTable.Define(Trades, retentionDays: 7), None);
        Assert.Contains("TTL event_time + toIntervalDay(7)", await ShownAsync(Trades), StringComparison.Ordinal);
        Assert.Single(await TableSetup.SetupAsync(_client, TradesTable.Define(Trades, retentionDays: 70), None));
    }

    [Fact]
    public async Task Setup_DepthAsArrays_MakesTheOriginalsTableAndTakesItsRow()
    {
        var table = DepthTable.Define(Depth, DepthFormat.Array, window: 1000);
        Assert.Single(await TableSetup.SetupAsync(_client, table, None));
        Assert.Empty(await TableSetup.SetupAsync(_client, table, None));
        Assert.Equal(
            $"CREATE TABLE {_database}.orderbook_depth (`timestamp` DateTime64(3), `exchange` LowCardinality(String), `symbol` LowCardinality(String), "
            + "`side` LowCardinality(String), `prices` Array(Float64), `quantities` Array(Float64), `sums` Array(Float64), `ingestion_time` DateTime DEFAULT now(), "
            + "`levels` UInt8 DEFAULT length(prices)) ENGINE = MergeTree PARTITION BY toYYYYMMDD(timestamp) ORDER BY (symbol, side, timestamp) "
            + "TTL toDateTime(timestamp) + toIntervalDay(90) SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 1000",
            await ShownAsync(Depth));

        await _client.ExecuteAsync($"ALTER TABLE {Depth} REMOVE TTL", None); // The specification's frame is older than 90 days.
        using var batch = new RowBinaryBatch();
        Frames.Write(batch, DepthFormat.Array, Frames.OfTheSpecification);
        await _client.InsertAsync(table, batch.Content, null, None);
        Assert.Equal(
            ["2025-06-01 09:33:41.123", "wallex", "USDTTMN", "sell", "[82131,82083]", "[255.75,103.07]", "[21005003.25,8460294.81]", "2"],
            Assert.Single(await _client.QueryAsync($"SELECT timestamp, exchange, symbol, side, prices, quantities, sums, levels FROM {Depth}", None)));
    }

    [Fact]
    public async Task Setup_DepthFlat_TakesARowForEachLevel()
    {
        var table = DepthTable.Define(Depth, DepthFormat.Flat);
        await TableSetup.SetupAsync(_client, table, None);
        await _client.ExecuteAsync($"ALTER TABLE {Depth} REMOVE TTL", None);
        using var batch = new RowBinaryBatch();
        Frames.Write(batch, DepthFormat.Flat, Frames.OfTheSpecification);
        Assert.Equal(2, await _client.InsertAsync(table, batch.Content, null, None));
        var rows = await _client.QueryAsync($"SELECT timestamp, symbol, side, level, price, quantity, sum FROM {Depth} ORDER BY level", None);
        Assert.Equal(["2025-06-01 09:33:41.123", "USDTTMN", "sell", "0", "82131", "255.75", "21005003.25"], rows[0]);
        Assert.Equal(["2025-06-01 09:33:41.123", "USDTTMN", "sell", "1", "82083", "103.07", "8460294.81"], rows[1]);
    }

    [Fact]
    public async Task Setup_DepthOfTheOriginal_GetsItsMemoryOfBlocksAndKeepsItsRows()
    {
        var wanted = DepthTable.Define(Depth, DepthFormat.Array, window: 500);
        var original = wanted with { DeduplicationWindow = null };
        await TableSetup.SetupAsync(_client, original, None);
        Assert.DoesNotContain("window", await ShownAsync(Depth), StringComparison.Ordinal);
        Assert.Single(await TableSetup.SetupAsync(_client, wanted, None));
        Assert.Empty(await TableSetup.SetupAsync(_client, wanted, None));
        Assert.Single(await TableSetup.SetupAsync(_client, wanted with { DeduplicationWindow = 50 }, None));

        using var batch = new RowBinaryBatch();
        Frames.Write(batch, DepthFormat.Array, Frames.Lasting);
        foreach (var token in (string[])["a", "a", "b"])
        {
            await _client.InsertAsync(wanted, batch.Content, token, None);
        }
        Assert.Equal(["2"], Assert.Single(await _client.QueryAsync($"SELECT count() FROM {Depth}", None)));
    }

    [Theory]
    [InlineData("MODIFY TTL toDateTime(timestamp) + INTERVAL 400 DAY", "toIntervalDay(400)")]
    [InlineData("REMOVE TTL", null)]
    public async Task Setup_DepthWhoseAgeLimitAnOperatorChanged_KeepsItAndItsRows(string change, string? ttl)
    {
        var table = DepthTable.Define(Depth, DepthFormat.Array);
        await TableSetup.SetupAsync(_client, table, None);
        await _client.ExecuteAsync($"ALTER TABLE {Depth} {change}", None);
        Assert.Empty(await TableSetup.SetupAsync(_client, table, None));
        var shown = await ShownAsync(Depth);
        Assert.Equal((ttl is not null, true), (shown.Contains("TTL", StringComparison.Ordinal), shown.Contains(ttl ?? "", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Setup_TableOfTheOtherFormat_IsRefusedWithItsColumns()
    {
        await TableSetup.SetupAsync(_client, DepthTable.Define(Depth, DepthFormat.Array), None);
        var problem = await Assert.ThrowsAsync<ClickHouseException>(
            () => TableSetup.SetupAsync(_client, DepthTable.Define(Depth, DepthFormat.Flat), None));
        Assert.Equal(ClickHouseFault.Setup, problem.Fault);
        Assert.Contains("level should be UInt8 and is not there", problem.Message, StringComparison.Ordinal);
        Assert.Contains("made with the other", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Drop_TableOrDatabase_IsGoneAndMayBeGoneBefore()
    {
        await TableSetup.SetupAsync(_client, TradesTable.Define(Trades), None);
        await TableSetup.DropAsync(_client, Trades, None);
        await TableSetup.DropAsync(_client, Trades, None);
        await TableSetup.DropDatabaseAsync(_client, _database, None);
        await TableSetup.DropDatabaseAsync(_client, _database, None);
        Assert.Empty(await _client.QueryAsync($"SELECT name FROM system.databases WHERE name = '{_database}'", None));
    }

    private async Task<string> ShownAsync(TableName table) => (await _client.QueryAsync(
        $"SELECT create_table_query FROM system.tables WHERE database = '{table.Database}' AND name = '{table.Table}'", None))[0][0]!;
}
