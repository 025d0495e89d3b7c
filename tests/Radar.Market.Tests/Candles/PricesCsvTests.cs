using System.IO.Compression;
using Radar.Market.Candles;
using Radar.Market.Models;
using Radar.Market.Predictions;
using Radar.Testing;

namespace Radar.Market.Tests.Candles;

[Collection(PostgresTests.Name)]
public sealed class PricesCsvTests(PostgresFixture postgres) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("radar-csv-").FullName;

    private string Prices => Path.Combine(_folder, "data", "prices", "BTCUSDT.csv");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Append_LiveRows_WritesTheOriginalsLayout()
    {
        var (database, csv) = await StartAsync(0);
        var time = GoldenFiles.Time("2025-10-01 00:00:00");
        var candle = new Candle(time, 114048.93, 114100, 114000.01, 1e-5, 9.12345, time + 59_999, 1040512.345678, 1234, 4.51234, 514632.123456, 0);
        await database.Table.InsertAsync([candle], null, default);
        await csv.AppendAsync([candle], default);
        Assert.Equal(
            "open_time,open,high,low,close,volume,quote_asset_volume,trades,taker_base,taker_quote,ignore\n" +
            "2025-10-01 00:00:00+00:00,114048.93,114100.0,114000.01,1e-05,9.12345,1040512.345678,1234,4.51234,514632.123456,0\n",
            await File.ReadAllTextAsync(Prices));
        Assert.Equal([candle with { CloseTime = 0 }], CandleFile.Read(Prices));
    }

    [Fact]
    public async Task Sync_RowsOfAnOriginalsTable_AreEmptyWhereNothingIsKnownAndReadBackTheSame()
    {
        var (database, csv) = await StartAsync(0);
        var candle = new Candle(GoldenFiles.Time("2025-10-01 00:00:00"), 1, 2, 0.5, 1.5, 9, 0, double.NaN, null, double.NaN, double.NaN, null);
        await database.Table.InsertAsync([candle], null, default);
        await csv.SyncAsync(default);
        Assert.Equal(PricesCsv.Header + "\n2025-10-01 00:00:00+00:00,1.0,2.0,0.5,1.5,9.0,,,,,\n", await File.ReadAllTextAsync(Prices));
        Assert.Equal([candle], CandleFile.Read(Prices));
    }

    [Fact]
    public async Task Append_SameRowsAgain_LeavesThemOut()
    {
        var (database, csv) = await StartAsync(100);
        await database.Table.InsertAsync([.. GoldenFiles.MadeUp.Take(150)], null, default);
        await csv.AppendAsync([.. GoldenFiles.MadeUp.Skip(90).Take(60)], default);
        await csv.AppendAsync([.. GoldenFiles.MadeUp.Skip(90).Take(60)], default);
        AssertFile(150);
    }

    [Fact]
    public async Task Append_ProcessThatSleptWhileAnotherWrote_DuplicatesNothing()
    {
        var (database, sleeper) = await StartAsync(100);
        var other = new PricesCsv(Prices, database.Table);
        await database.Table.InsertAsync([.. GoldenFiles.MadeUp.Take(140)], null, default);
        await other.SyncAsync(default);
        await other.AppendAsync([.. GoldenFiles.MadeUp.Skip(100).Take(40)], default);
        await sleeper.AppendAsync([.. GoldenFiles.MadeUp.Skip(100).Take(3)], default);
        AssertFile(140);
    }

    [Fact]
    public async Task Sync_TornLastLine_IsCutOffAndWrittenAgain()
    {
        var (_, csv) = await StartAsync(100);
        var whole = await File.ReadAllTextAsync(Prices);
        for (var cut = 1; cut < 40; cut += 7)
        {
            await File.WriteAllTextAsync(Prices, whole[..^cut]);
            await csv.SyncAsync(default);
            Assert.Equal(whole, await File.ReadAllTextAsync(Prices));
        }
        Assert.False(await csv.SyncAsync(default));
    }

    [Fact]
    public async Task Append_AfterACrashThatTookRows_BringsThemBack()
    {
        var (database, csv) = await StartAsync(100);
        var lines = await File.ReadAllLinesAsync(Prices);
        await File.WriteAllLinesAsync(Prices, lines[..60]);
        await database.Table.InsertAsync([GoldenFiles.MadeUp[100]], null, default);
        await csv.AppendAsync([GoldenFiles.MadeUp[100]], default);
        AssertFile(101);
        File.Delete(Prices);
        await csv.AppendAsync([GoldenFiles.MadeUp[100]], default);
        AssertFile(101);
    }

    [Fact]
    public async Task Sync_OlderRowsCameIn_RewritesSortedAndKeepsWhatOnlyTheFileHas()
    {
        var (database, csv) = await StartAsync(0);
        var c = GoldenFiles.MadeUp;
        // An original's file: no zone, and older than the table.
        Directory.CreateDirectory(Path.GetDirectoryName(Prices)!);
        await File.WriteAllTextAsync(Prices, PricesCsv.Header + "\n2025-12-31 23:59:00,1.0,2.0,0.5,1.5,9.0,5.0,4,3.0,2.0,0\n");
        await database.Table.InsertAsync([.. c.Skip(50).Take(50)], null, default);
        await csv.SyncAsync(default);
        await database.Table.InsertAsync([.. c.Take(50)], null, default);
        Assert.True(await csv.SyncAsync(default));
        var rows = CandleFile.Read(Prices).ToArray();
        Assert.Equal(GoldenFiles.Time("2025-12-31 23:59:00"), rows[0].OpenTime);
        Assert.Equal(c.Take(100).Select(x => x with { CloseTime = 0 }), rows[1..]);
        Assert.Empty(Directory.GetFiles(Path.GetDirectoryName(Prices)!, "*.tmp"));
    }

    [Fact]
    public async Task Rewrite_CorrectedCandle_IsInTheFile()
    {
        var (database, csv) = await StartAsync(10);
        await database.Table.InsertAsync([GoldenFiles.MadeUp[4] with { Close = 42 }], null, default);
        await csv.RewriteAsync(default);
        Assert.Equal(42, CandleFile.Read(Prices).ElementAt(4).Close);
    }

    [Fact]
    public async Task Sync_CandleCorrectedBeforeACrash_IsInTheFile()
    {
        var (database, _) = await StartAsync(50);
        await database.Table.InsertAsync([GoldenFiles.MadeUp[4] with { Close = 42 }], null, default); // And then it died.
        var next = new PricesCsv(Prices, database.Table);
        Assert.True(await next.SyncAsync(default));
        Assert.Equal(42, CandleFile.Read(Prices).ElementAt(4).Close);
        Assert.False(await next.SyncAsync(default));
    }

    [Fact]
    public async Task Sync_AnOriginalsFileThatSaysTheSameOrMore_IsLeftAlone()
    {
        var database = await MarketDatabase.CreateAsync(postgres);
        var bare = GoldenFiles.MadeUp[0] with { CloseTime = 0, QuoteVolume = double.NaN, Trades = null, TakerBase = double.NaN, TakerQuote = double.NaN, Ignore = null };
        await database.Table.InsertAsync([bare with { Open = 4, High = 4, Low = 4, Close = 4, Volume = 4 }], null, default);
        var text = PricesCsv.Header + "\n2026-01-01 00:00:00,4.0,4,4.00,4,4.0,5.0,6,7.0,8.0,0\n";
        Directory.CreateDirectory(Path.GetDirectoryName(Prices)!);
        await File.WriteAllTextAsync(Prices, text);
        Assert.False(await new PricesCsv(Prices, database.Table).SyncAsync(default));
        Assert.Equal(text, await File.ReadAllTextAsync(Prices));
    }

    [Fact]
    public async Task Append_AfterARewriteThatFailed_RewritesFirst()
    {
        var (database, csv) = await StartAsync(50);
        await database.Table.InsertAsync([GoldenFiles.MadeUp[4] with { Close = 42 }], null, default);
        using (var stopped = new CancellationTokenSource())
        {
            await stopped.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => csv.RewriteAsync(stopped.Token));
        }
        await database.Table.InsertAsync([GoldenFiles.MadeUp[50]], null, default);
        await csv.AppendAsync([GoldenFiles.MadeUp[50]], default);
        Assert.Equal((51, 42), (CandleFile.Read(Prices).Count(), CandleFile.Read(Prices).ElementAt(4).Close));
    }

    [Fact]
    public async Task Sync_SomebodyElsesFile_IsLeftAloneAndNamed()
    {
        var (_, csv) = await StartAsync(10);
        await File.WriteAllTextAsync(Prices, "hello\nworld\n");
        var problem = await Assert.ThrowsAsync<InvalidDataException>(() => csv.SyncAsync(default));
        Assert.Contains(Prices, problem.Message, StringComparison.Ordinal);
        Assert.Equal("hello\nworld\n", await File.ReadAllTextAsync(Prices));
    }

    [Fact]
    public void CandleFile_BothDialectsDumpsAndGzip_ReadAlike()
    {
        var dump = Path.Combine(_folder, "dump.csv.gz");
        using (var writer = new StreamWriter(new GZipStream(File.Create(dump), CompressionLevel.Fastest)))
        {
            writer.Write("1772323200000000,1.5,2,1,1.75,9,1772323259999999,5,4,3,2,0\n"); // Microseconds, as dumps have them since 2025.
        }
        var prices = Path.Combine(_folder, "prices.csv");
        File.WriteAllText(prices, PricesCsv.Header + "\r\n2026-03-01 00:00:00,1.5,2,1,1.75,9,5,4.0,3,2,0\r\n2026-03-01 00:01:00+00:00,1.5,2,1,1.75,9,5,4,3,2,0");
        var expected = new Candle(1_772_323_200_000, 1.5, 2, 1, 1.75, 9, 1_772_323_259_999, 5, 4, 3, 2, 0);
        Assert.Equal([expected], CandleFile.Read(dump));
        Assert.Equal([expected with { CloseTime = 0 }, expected with { CloseTime = 0, OpenTime = expected.OpenTime + 60_000 }], CandleFile.Read(prices));
    }

    [Theory]
    [InlineData("open_time,open,high\n2026-03-01 00:00:00,1,2\n", "low, close, volume")]
    [InlineData(PricesCsv.Header + "\n2026-03-01 00:00:00,1,2,x,4,5,6,7,8,9,0\n", "low is 'x'")]
    [InlineData(PricesCsv.Header + "\nyesterday,1,2,3,4,5,6,7,8,9,0\n", "'yesterday', not a time")]
    [InlineData(PricesCsv.Header + "\n2026-03-01 00:00:00,1,2,3\n", "ends before close")]
    public void CandleFile_BrokenRow_NamesFileLineAndField(string text, string problem)
    {
        var path = Path.Combine(_folder, "broken.csv");
        File.WriteAllText(path, text);
        var thrown = Assert.Throws<InvalidDataException>(() => CandleFile.Read(path).ToList());
        Assert.Contains(problem, thrown.Message, StringComparison.Ordinal);
        Assert.Contains(path, thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PredictionsCsv_WrittenAndReadBack_EqualsTheDatabase()
    {
        var (database, _) = await StartAsync(100);
        var model = ModelId.Parse("BTCUSDT/lightgbm/v1");
        var predictions = GoldenFiles.MadeUp.Skip(33).Take(60).Select((c, i) => new Prediction(c.OpenTime, i / 7.0, 1e-9 * i, 0.5)).ToArray();
        var csv = new PredictionsCsv(PredictionsCsv.PathOf(_folder, model), database.Store, model);
        await database.Store.WriteAsync(model, predictions[..50], null, []);
        await csv.SyncAsync(default);
        await database.Store.WriteAsync(model, predictions[50..], null, []);
        await csv.AppendAsync(predictions[50..], default);
        Assert.Equal(predictions, PredictionFile.Read(csv.Path));
        Assert.Equal("2026-01-01 00:34:00+00:00,\"[0.14285714285714285, 1e-09, 0.5]\"", (await File.ReadAllLinesAsync(csv.Path))[2]);

        await database.ExecuteAsync("UPDATE public.btcusdt SET lightgbm_1 = NULL WHERE lightgbm_1[1] = 1");
        Assert.True(await csv.SyncAsync(default));
        await database.Store.WriteAsync(model, predictions, null, []);
        Assert.True(await csv.SyncAsync(default));
        Assert.Equal(predictions, PredictionFile.Read(csv.Path));
    }

    [Fact]
    public void PredictionFile_BothDialects_ReadAlike()
    {
        var path = Path.Combine(_folder, "p.csv");
        File.WriteAllText(path, """
            open_time,pred
            2026-01-01 00:00:00,[0.12345679 0.2        0.67654321]
            2026-01-01 00:01:00+00:00,"[0.123456789012345, 0.2, 0.676543210987655]"
            2026-01-01 00:02:00+00:00,
            2026-01-01 00:03:00,[ 1.2e-05  2.  -3.5 ]

            """);
        var t = GoldenFiles.Time("2026-01-01 00:00:00");
        Assert.Equal(
            [
                new(t, 0.12345679, 0.2, 0.67654321), new(t + 60_000, 0.123456789012345, 0.2, 0.676543210987655), new(t + 180_000, 1.2e-05, 2, -3.5),
            ],
            PredictionFile.Read(path));
        File.WriteAllText(path, "open_time,pred\n2026-01-01 00:00:00,[1 2]\n");
        Assert.Contains("three numbers", Assert.Throws<InvalidDataException>(() => PredictionFile.Read(path).ToList()).Message, StringComparison.Ordinal);
    }

    private async Task<(MarketDatabase, PricesCsv)> StartAsync(int candles)
    {
        var database = await MarketDatabase.CreateAsync(postgres);
        await database.Table.InsertAsync([.. GoldenFiles.MadeUp.Take(candles)], null, default);
        var csv = new PricesCsv(Prices, database.Table);
        if (candles > 0)
        {
            Assert.True(await csv.SyncAsync(default));
            AssertFile(candles);
        }
        return (database, csv);
    }

    private void AssertFile(int candles) =>
        Assert.Equal(GoldenFiles.MadeUp.Take(candles).Select(c => c with { CloseTime = 0 }), CandleFile.Read(Prices));
}
