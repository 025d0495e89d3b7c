using System.IO.Compression;
using Radar.Market.Candles;
using Radar.Market.Models;
using Radar.Market.Predictions;
using Radar.Testing;

namespace Radar.Market.Tests.Predictions;

[Collection(PostgresTests.Name)]
public sealed class ReconciliationTests(PostgresFixture postgres)
{
    [Fact]
    public async Task Reconciliation_MadeUpCandles_GivesTheGoldenPredictions()
    {
        var database = await MarketDatabase.CreateAsync(postgres);
        await database.Table.InsertAsync(GoldenFiles.MadeUp, null, default);
        await FillAsync(database, 300);
        await AssertGoldenAsync(database, GoldenFiles.Predictions(GoldenFiles.Of("predictions/made_up_2000.csv.gz")), 2);
    }

    [SharedFact("data/klines/BTCUSDT", "golden/predictions/BTCUSDT-2023-03-20..27.csv.gz")]
    public async Task Reconciliation_WeekWithAnOutage_GivesTheGoldenPredictions()
    {
        var database = await MarketDatabase.CreateAsync(postgres);
        var (from, to) = (GoldenFiles.Time("2023-03-20 00:00:00"), GoldenFiles.Time("2023-03-27 00:00:00"));
        Candle[] week = [.. CandleFile.Read(SharedFolder.Of("data/klines/BTCUSDT/BTCUSDT-1m-2023-03.csv.gz"))
            .Where(c => c.OpenTime >= from && c.OpenTime < to)];
        Assert.Equal(10_000, week.Length);
        await database.Table.InsertAsync(week, null, default);
        await FillAsync(database, 8_192);
        await AssertGoldenAsync(database, GoldenFiles.Predictions(SharedFolder.Of("golden/predictions/BTCUSDT-2023-03-20..27.csv.gz")), 10);
    }

    [SharedFact("data/dumps/BTCUSDT-1m-2026-03.zip")]
    public async Task Reconciliation_AnotherDumpInMicroseconds_GivesWhatPlainRecomputationGives()
    {
        var database = await MarketDatabase.CreateAsync(postgres);
        var folder = Directory.CreateTempSubdirectory("radar-dump-").FullName;
        Candle[] days;
        try
        {
            ZipFile.ExtractToDirectory(SharedFolder.Of("data/dumps/BTCUSDT-1m-2026-03.zip"), folder);
            days = [.. CandleFile.Read(Directory.GetFiles(folder).Single()).Take(2 * 1_440)];
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
        Assert.Equal(GoldenFiles.Time("2026-03-01 00:00:00"), days[0].OpenTime);
        foreach (var page in days.Chunk(1_000))
        {
            await database.Table.InsertAsync(page, null, default);
        }
        await FillAsync(database, 512);
        await AssertGoldenAsync(database, PlainPredictions.Of(days), days.Length / 1_000);
    }

    [Fact]
    public async Task Reconciliation_CandleCorrectedMeanwhile_BeginsAgain()
    {
        var database = await MarketDatabase.CreateAsync(postgres);
        await database.Table.InsertAsync(GoldenFiles.MadeUp, null, default);
        var corrected = GoldenFiles.MadeUp[40] with { Close = 90_000, High = 90_010 };
        var models = GoldenFiles.LoadModels();
        var told = false;
        await new Reconciliation(database.Store, models, null) { BlockRows = 100 }.RunAsync(
            TimeRange.All,
            _ =>
            {
                if (!told) // After the first block, with others read and predicted already.
                {
                    told = true;
                    database.Table.InsertAsync([corrected], null, default).GetAwaiter().GetResult();
                }
            },
            default);
        models.ToList().ForEach(m => m.Dispose());
        var candles = GoldenFiles.MadeUp.ToArray();
        candles[40] = corrected;
        await AssertGoldenAsync(database, PlainPredictions.Of(candles), 2);
    }

    [Fact]
    public async Task Reconciliation_InteriorHoles_FillsOnlyWhatIsMissing()
    {
        var database = await MarketDatabase.CreateAsync(postgres);
        await database.Table.InsertAsync(GoldenFiles.MadeUp, null, default);
        await FillAsync(database, 300);
        var before = await SnapshotAsync(database);
        await database.ExecuteAsync("""
            UPDATE public.btcusdt SET lightgbm_1 = NULL WHERE open_time IN (SELECT open_time FROM public.btcusdt ORDER BY open_time OFFSET 700 LIMIT 3);
            UPDATE public.btcusdt SET tst_2 = NULL WHERE open_time IN (SELECT open_time FROM public.btcusdt ORDER BY open_time OFFSET 702 LIMIT 900);
            UPDATE public.btcusdt SET lightgbm_3 = ARRAY[1, 2, 3] WHERE open_time = (SELECT open_time FROM public.btcusdt ORDER BY open_time OFFSET 701 LIMIT 1);
            UPDATE public.btcusdt SET lightgbm_2 = NULL WHERE open_time = (SELECT max(open_time) FROM public.btcusdt);
            """);
        Assert.Equal(3 + 900 + 1, await FillAsync(database, 256));
        var marked = GoldenFiles.MadeUp[701].OpenTime;
        foreach (var (key, value) in await SnapshotAsync(database))
        {
            var expected = key == (marked, "lightgbm_v3") ? [1, 2, 3] : before[key];
            Assert.True(Enumerable.Range(0, 3).All(i => Math.Abs(expected[i] - value[i]) <= 1e-5), $"{key}");
        }
    }

    [Fact]
    public async Task Reconciliation_CandlesAddedInPieces_EqualsOneGo()
    {
        var (whole, pieces) = (await MarketDatabase.CreateAsync(postgres), await MarketDatabase.CreateAsync(postgres));
        await whole.Table.InsertAsync(GoldenFiles.MadeUp, null, default);
        await FillAsync(whole, 8_192);
        foreach (var piece in GoldenFiles.MadeUp.Chunk(170))
        {
            await pieces.Table.InsertAsync(piece, null, default);
            await FillAsync(pieces, 64);
        }
        var expected = await SnapshotAsync(whole);
        var actual = await SnapshotAsync(pieces);
        Assert.Equal(expected.Count, actual.Count);
        Assert.All(actual, a => Assert.True(Enumerable.Range(0, 3).All(i => Math.Abs(expected[a.Key][i] - a.Value[i]) <= 1e-5), $"{a.Key}"));
    }

    [Fact]
    public async Task Reconciliation_SixConsumersAtOnce_EachFillsItsOwn()
    {
        var database = await MarketDatabase.CreateAsync(postgres);
        await database.Table.InsertAsync(GoldenFiles.MadeUp, null, default);
        var models = GoldenFiles.LoadModels();
        var filled = await Task.WhenAll(models.Select(m =>
            new Reconciliation(database.Store, [m], null) { BlockRows = 100 }.RunAsync(TimeRange.All, null, default)));
        Assert.Equal([1_967, 1_967, 1_967, 1_970, 1_970, 1_970], filled);
        var coverage = await database.Store.CoverageAsync([.. models.Select(m => (m.Id, m.Input))], TimeRange.All, default);
        Assert.All(coverage, c => Assert.Equal(0, c.Missing));
        models.ToList().ForEach(m => m.Dispose());
    }

    [Fact]
    public async Task Reconciliation_NewerEpoch_WritesNothing()
    {
        var database = await MarketDatabase.CreateAsync(postgres);
        await database.Table.InsertAsync(GoldenFiles.MadeUp, null, default);
        var fence = await database.TakeLeaseAsync("BTCUSDT/lightgbm/v1", 1);
        await database.TakeLeaseAsync("BTCUSDT/lightgbm/v1", 2);
        using var model = PredictionModel.Load(ModelStore.Find(GoldenFiles.Models, ModelId.Parse("BTCUSDT/lightgbm/v1")));
        await Assert.ThrowsAsync<FencedException>(() => new Reconciliation(database.Store, [model], fence).RunAsync(TimeRange.All, null, default));
        Assert.Equal(0, await database.Store.CountAsync(model.Id, TimeRange.All, default));
    }

    [Fact]
    public async Task Reconciliation_StoppedAfterTheFirstBlock_GoesOnWhereItWas()
    {
        var database = await MarketDatabase.CreateAsync(postgres);
        await database.Table.InsertAsync(GoldenFiles.MadeUp, null, default);
        using var model = PredictionModel.Load(ModelStore.Find(GoldenFiles.Models, ModelId.Parse("BTCUSDT/tst/v1")));
        using var stop = new CancellationTokenSource();
        var reconciliation = new Reconciliation(database.Store, [model], null) { BlockRows = 128 };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reconciliation.RunAsync(TimeRange.All, _ => stop.Cancel(), stop.Token));
        var stored = await database.Store.CountAsync(model.Id, TimeRange.All, default);
        Assert.InRange(stored, 1, 1_969);
        Assert.Equal(1_970 - stored, await reconciliation.RunAsync(TimeRange.All, null, default));
        Assert.Equal(0, await reconciliation.RunAsync(TimeRange.All, null, default));
    }

    [Fact]
    public async Task Coverage_HalfFilled_CountsFromTheFirstRowThatCanHaveOne()
    {
        var database = await MarketDatabase.CreateAsync(postgres);
        await database.Table.InsertAsync(GoldenFiles.MadeUp, null, default);
        using var model = PredictionModel.Load(ModelStore.Find(GoldenFiles.Models, ModelId.Parse("BTCUSDT/lightgbm/v2")));
        (ModelId, ModelInput)[] asked = [(model.Id, model.Input)];
        var middle = GoldenFiles.MadeUp[1_000].OpenTime;
        Assert.Equal(new PredictionCoverage(model.Id, 1_967, 0, GoldenFiles.MadeUp[33].OpenTime), (await database.Store.CoverageAsync(asked, TimeRange.All, default))[0]);
        await new Reconciliation(database.Store, [model], null).RunAsync(new TimeRange(long.MinValue, middle), null, default);
        var coverage = (await database.Store.CoverageAsync(asked, TimeRange.All, default))[0];
        Assert.Equal(new PredictionCoverage(model.Id, 1_967, 967, middle), coverage);
        Assert.Equal(1_000, coverage.Missing);
        Assert.Equal(0, (await database.Store.CoverageAsync(asked, new TimeRange(0, middle), default))[0].Missing);
    }

    private static async Task<long> FillAsync(MarketDatabase database, int block)
    {
        var models = GoldenFiles.LoadModels();
        try
        {
            return await new Reconciliation(database.Store, models, null) { BlockRows = block }.RunAsync(TimeRange.All, null, default);
        }
        finally
        {
            models.ToList().ForEach(m => m.Dispose());
        }
    }

    private static async Task<Dictionary<(long OpenTime, string Model), double[]>> SnapshotAsync(MarketDatabase database)
    {
        var stored = new Dictionary<(long, string), double[]>();
        foreach (var file in ModelStore.Discover(GoldenFiles.Models))
        {
            await foreach (var block in database.Store.ReadAsync(file.Id, TimeRange.All, 700))
            {
                foreach (var p in block)
                {
                    stored.Add((p.OpenTime, $"{file.Id.Model}_{file.Id.Version}"), [p.Sell, p.Hold, p.Buy]);
                }
            }
        }
        return stored;
    }

    // Tolerances as the golden values' own page states them: a tree may flip where a feature's float rounds the other way.
    private static async Task AssertGoldenAsync(
        MarketDatabase database, IReadOnlyDictionary<(long OpenTime, string Model), double[]> golden, int mostOff)
    {
        var stored = await SnapshotAsync(database);
        var off = new Dictionary<string, int>();
        foreach (var (key, expected) in golden)
        {
            if (double.IsNaN(expected[0]))
            {
                Assert.DoesNotContain(key, stored);
                continue;
            }
            var difference = Enumerable.Range(0, 3).Max(i => Math.Abs(expected[i] - stored[key][i]));
            if (key.Model.StartsWith("tst", StringComparison.Ordinal))
            {
                Assert.True(difference <= 1e-4, $"{key} is off by {difference}");
            }
            else if (difference > 1e-5)
            {
                Assert.True(difference < 0.05, $"{key} is off by {difference}");
                off[key.Model] = off.GetValueOrDefault(key.Model) + 1;
            }
        }
        Assert.All(off, o => Assert.True(o.Value <= mostOff, $"{o.Value} rows of {o.Key} are off"));
        Assert.Equal(golden.Count(g => !double.IsNaN(g.Value[0])), stored.Count);
    }
}
