using System.Text;
using System.Text.Json;
using Radar.Market.Models;
using Radar.Market.Predictions;
using Radar.Testing;

namespace Radar.Market.Tests.Predictions;

[Collection(PostgresTests.Name)]
public sealed class PredictionStoreTests(PostgresFixture postgres)
{
    private static readonly ModelId Model = ModelId.Parse("BTCUSDT/lightgbm/v1");

    [Fact]
    public async Task Write_PredictionsAndOffset_AreOneTransaction()
    {
        var database = await StartAsync();
        var fence = await database.TakeLeaseAsync("BTCUSDT/lightgbm/v1", 3);
        var mark = new OffsetMark("BTCUSDT/lightgbm/v1", "BTCUSDT", 0, "cluster/topic", 41);
        Assert.Equal(2, await database.Store.WriteAsync(Model, Some(50, 2), fence, [mark]));
        Assert.Equal([mark], await database.Store.ReadOffsetsAsync("BTCUSDT/lightgbm/v1", "BTCUSDT", default));
        Assert.Equal(0, await database.Store.WriteAsync(Model, [], fence, [mark with { NextOffset = 42, Incarnation = "other" }]));
        Assert.Equal([mark with { NextOffset = 42, Incarnation = "other" }], await database.Store.ReadOffsetsAsync("BTCUSDT/lightgbm/v1", "BTCUSDT", default));

        await database.TakeLeaseAsync("BTCUSDT/lightgbm/v1", 4);
        await Assert.ThrowsAsync<FencedException>(() => database.Store.WriteAsync(Model, Some(60, 2), fence, [mark with { NextOffset = 99 }]));
        Assert.Equal(2, await database.Store.CountAsync(Model, TimeRange.All, default));
        Assert.Equal(42, (await database.Store.ReadOffsetsAsync("BTCUSDT/lightgbm/v1", "BTCUSDT", default))[0].NextOffset);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(500)]
    public async Task Write_OnlyMissing_LeavesWhatIsThere(int count)
    {
        var database = await StartAsync();
        await database.Store.WriteAsync(Model, [new Prediction(GoldenFiles.MadeUp[102].OpenTime, 7, 8, 9)], null, []);
        Assert.Equal(count - 1, await database.Store.WriteAsync(Model, Some(100, count), null, [], onlyMissing: true));
        Assert.Equal(0, await database.Store.WriteAsync(Model, Some(100, count), null, [], onlyMissing: true));
        Assert.Equal(7, (await ReadAsync(database))[2].Sell);
        Assert.Equal(count, await database.Store.WriteAsync(Model, Some(100, count), null, []));
        Assert.Equal(Some(100, count), await ReadAsync(database));
    }

    [Fact]
    public async Task Write_CandleThatIsNotThere_IsNotInvented()
    {
        var database = await StartAsync();
        Assert.Equal(1, await database.Store.WriteAsync(Model, [new(5, 1, 2, 3), .. Some(50, 1)], null, []));
        Assert.Equal(2_000, await database.Table.CountAsync(TimeRange.All, default));
    }

    [Fact]
    public async Task Ensure_FourthVersion_GetsAColumn()
    {
        var database = await StartAsync();
        var fourth = ModelId.Parse("BTCUSDT/other_net/v4");
        await database.Store.EnsureAsync([Model, fourth], default);
        await database.Store.EnsureAsync([Model, fourth], default);
        Assert.Equal(1, await database.Store.WriteAsync(fourth, Some(50, 1), null, []));
        Assert.Equal(1, await database.ScalarAsync<long>("SELECT count(other_net_4) FROM public.btcusdt"));
        await Assert.ThrowsAsync<ArgumentException>(() => database.Store.EnsureAsync([ModelId.Parse("ETHUSDT/tst/v1")], default));
    }

    [Fact]
    public async Task Export_CsvAndJson_HaveTimeFirstAndEmptyWhereThereIsNone()
    {
        var database = await StartAsync();
        await database.Store.WriteAsync(Model, Some(51, 1), null, []);
        var export = new CandleExport(database.Store);
        var range = new TimeRange(GoldenFiles.MadeUp[50].OpenTime, GoldenFiles.MadeUp[52].OpenTime);
        var times = GoldenFiles.MadeUp[50..52].Select(c => c.OpenTime).ToArray();
        var tst = ModelId.Parse("BTCUSDT/tst/v2");

        var csv = await TextAsync(s => export.WritePredictionsAsync([Model, tst], range, ExportFormat.Csv, s, default), 2);
        Assert.Equal(
            "open_time,lightgbm_v1_sell,lightgbm_v1_hold,lightgbm_v1_buy,tst_v2_sell,tst_v2_hold,tst_v2_buy\n" +
            $"{times[0]},,,,,,\n{times[1]},0.0,0.5,-1e-07,,,\n", csv);
        using var json = JsonDocument.Parse(await TextAsync(s => export.WritePredictionsAsync([Model, tst], range, ExportFormat.Json, s, default), 2));
        Assert.Equal(0.5, json.RootElement[1].GetProperty("lightgbm_v1_hold").GetDouble());
        Assert.Equal(JsonValueKind.Null, json.RootElement[0].GetProperty("tst_v2_buy").ValueKind);

        var candles = await TextAsync(s => export.WriteCandlesAsync(range, ExportFormat.Csv, s, default), 2);
        Assert.StartsWith("open_time,open,high,low,close,volume,close_time,quote_asset_volume,trades,taker_base,taker_quote,ignore\n" + times[0], candles, StringComparison.Ordinal);
        var path = Path.GetTempFileName();
        await File.WriteAllTextAsync(path, candles);
        Assert.Equal(GoldenFiles.MadeUp[50..52], Radar.Market.Candles.CandleFile.Read(path));
        File.Delete(path);
        using var objects = JsonDocument.Parse(await TextAsync(s => export.WriteCandlesAsync(range, ExportFormat.Json, s, default), 2));
        Assert.Equal(GoldenFiles.MadeUp[51].Close, objects.RootElement[1].GetProperty("close").GetDouble());
        Assert.Equal("[]", await TextAsync(s => export.WriteCandlesAsync(new TimeRange(0, 1), ExportFormat.Json, s, default), 0));
    }

    private static async Task<string> TextAsync(Func<Stream, Task<long>> write, long rows)
    {
        using var stream = new MemoryStream();
        Assert.Equal(rows, await write(stream));
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static Prediction[] Some(int first, int count) =>
        [.. GoldenFiles.MadeUp.Skip(first).Take(count).Select((c, i) => new Prediction(c.OpenTime, i, 0.5, -1e-7))];

    private static async Task<List<Prediction>> ReadAsync(MarketDatabase database)
    {
        var all = new List<Prediction>();
        await foreach (var block in database.Store.ReadAsync(Model, TimeRange.All, 99))
        {
            all.AddRange(block);
        }
        return all;
    }

    private async Task<MarketDatabase> StartAsync()
    {
        var database = await MarketDatabase.CreateAsync(postgres);
        await database.Table.InsertAsync(GoldenFiles.MadeUp, null, default);
        return database;
    }
}
