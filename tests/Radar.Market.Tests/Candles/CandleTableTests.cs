using Npgsql;
using Radar.Market.Candles;
using Radar.Market.Storage;
using Radar.Testing;

namespace Radar.Market.Tests.Candles;

[Collection(PostgresTests.Name)]
public sealed class CandleTableTests(PostgresFixture postgres)
{
    [Theory]
    [InlineData(3)]
    [InlineData(2_000)]
    public async Task Insert_SentTwice_StoresOnceAndReadsBackEqual(int count)
    {
        var database = await MarketDatabase.CreateAsync(postgres);
        var candles = GoldenFiles.MadeUp.Take(count).ToArray();
        Assert.Equal(new InsertResult(count, 0), await database.Table.InsertAsync(candles, null, default));
        Assert.Equal(new InsertResult(0, 0), await database.Table.InsertAsync(candles, null, default));
        Assert.Equal(candles, await database.AllCandlesAsync());
        Assert.Equal(count, await database.Table.CountAsync(TimeRange.All, default));
        Assert.Equal(candles[0].OpenTime, await database.Table.MinOpenTimeAsync(default));
        Assert.Equal(candles[^1].OpenTime, await database.Table.MaxOpenTimeAsync(default));
        Assert.Equal(candles[^2..], await database.Table.ReadBeforeAsync(long.MaxValue, 2, default));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(1_000)]
    public async Task Insert_CorrectedCandle_ChangesPricesLeavesCloseTimeAndEmptiesWhatWasPredictedFromIt(int count)
    {
        var database = await MarketDatabase.CreateAsync(postgres);
        var candles = GoldenFiles.MadeUp.Take(count).ToArray();
        await database.Table.InsertAsync(candles, null, default);
        await database.ExecuteAsync("UPDATE public.btcusdt SET tst_1 = ARRAY[1, 2, 3]");
        var corrected = candles.Select((c, i) => i == 2 ? c with { Close = 5, CloseTime = 0 } : c).Append(GoldenFiles.MadeUp[count]).ToArray();
        Assert.Equal(new InsertResult(1, 1), await database.Table.InsertAsync(corrected, null, default));
        Assert.Equal(candles[2] with { Close = 5 }, (await database.AllCandlesAsync())[2]);
        Assert.Equal(2, await database.ScalarAsync<long>("SELECT count(tst_1) FROM public.btcusdt"));
        Assert.Equal(candles[1].OpenTime, await database.ScalarAsync<long>("SELECT (extract(epoch FROM max(open_time)) * 1000)::bigint FROM public.btcusdt WHERE tst_1 IS NOT NULL"));
    }

    [Fact]
    public async Task Insert_CorrectedCandle_LeavesPredictionsBeyondItsWindows()
    {
        var database = await MarketDatabase.CreateAsync(postgres);
        var last = GoldenFiles.MadeUp[^1];
        Candle[] more = [.. Enumerable.Range(1, 10).Select(i => last with { OpenTime = last.OpenTime + i * CandleTime.Minute })];
        await database.Table.InsertAsync([.. GoldenFiles.MadeUp, .. more], null, default);
        await database.ExecuteAsync("UPDATE public.btcusdt SET tst_1 = ARRAY[1, 2, 3], lightgbm_3 = ARRAY[1, 2, 3]");
        await database.Table.InsertAsync([GoldenFiles.MadeUp[3] with { Volume = 1 }, GoldenFiles.MadeUp[4] with { Volume = 2 }], null, default);
        Assert.Equal(3 + 5, await database.ScalarAsync<long>("SELECT count(tst_1) FROM public.btcusdt")); // 2,000 rows after the fifth.
        Assert.Equal(3 + 5, await database.ScalarAsync<long>("SELECT count(lightgbm_3) FROM public.btcusdt"));
    }

    [Fact]
    public async Task Changes_CorrectedOrOlderCandles_AreCountedAndNewOnesNot()
    {
        var database = await MarketDatabase.CreateAsync(postgres);
        var c = GoldenFiles.MadeUp;
        await database.Table.InsertAsync(c[50..100], null, default);
        await database.Table.InsertAsync(c[99..1_000], null, default);
        Assert.Equal(0, await database.Table.ChangesAsync(default));
        await database.Table.InsertAsync(c[40..50], null, default);
        Assert.Equal(1, await database.Table.ChangesAsync(default));
        await database.Table.InsertAsync([c[60] with { Low = 1 }], null, default);
        Assert.Equal(2, await database.Table.ChangesAsync(default));
        await database.Table.InsertAsync(c[..2_000], null, default);
        Assert.Equal(3, await database.Table.ChangesAsync(default));
    }

    [Fact]
    public async Task Table_OfADatabaseInAnotherTimezone_HoldsUtcAllTheSame()
    {
        var database = await MarketDatabase.CreateAsync(postgres);
        var connection = new NpgsqlConnectionStringBuilder(database.Source.ConnectionString) { Timezone = null };
        await database.ExecuteAsync($"ALTER DATABASE {connection.Database} SET timezone = 'Asia/Tehran'");
        await using var local = NpgsqlDataSource.Create(connection.ConnectionString);
        await using var ours = RadarDatabase.Create(connection.ConnectionString, "tests", 2);
        Assert.Equal("Asia/Tehran", await ShowAsync(local));
        Assert.Equal("UTC", await ShowAsync(ours));
        var c = GoldenFiles.MadeUp;
        await new CandleTable(ours, "BTCUSDT").InsertAsync(c[..100], null, default);
        await new CandleTable(local, "BTCUSDT").InsertAsync(c[100..1_000], null, default);
        Assert.Equal(c[..1_000], await database.AllCandlesAsync());
        foreach (var table in (CandleTable[])[new(local, "BTCUSDT"), new(ours, "BTCUSDT")])
        {
            Assert.Equal((c[0].OpenTime, c[999].OpenTime), (await table.MinOpenTimeAsync(default), await table.MaxOpenTimeAsync(default)));
            Assert.Equal(c[998..1_000], await table.ReadBeforeAsync(long.MaxValue, 2, default));
            Assert.Equal(1, await table.CountAsync(new TimeRange(c[5].OpenTime, c[6].OpenTime), default));
        }
        Assert.Equal("2026-01-01 00:00:00", await database.ScalarAsync<string>("SELECT min(open_time)::text FROM public.btcusdt"));

        static async Task<string> ShowAsync(NpgsqlDataSource source)
        {
            await using var show = source.CreateCommand("SHOW timezone");
            return (string)(await show.ExecuteScalarAsync())!;
        }
    }

    [Fact]
    public async Task Insert_UnsortedWithDuplicates_TheLaterOneCounts()
    {
        var database = await MarketDatabase.CreateAsync(postgres);
        var c = GoldenFiles.MadeUp;
        Assert.Equal(new InsertResult(2, 0), await database.Table.InsertAsync([c[1], c[0] with { Open = 1 }, c[0]], null, default));
        Assert.Equal([c[0], c[1]], await database.AllCandlesAsync());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1_000)]
    public async Task Insert_UnderAnOldEpoch_IsRefusedWhole(int count)
    {
        var database = await MarketDatabase.CreateAsync(postgres);
        var fence = await database.TakeLeaseAsync("ALL/producer/main", 7);
        var candles = GoldenFiles.MadeUp.Take(count).ToArray();
        await database.Table.InsertAsync(candles[..1], fence, default);
        await database.TakeLeaseAsync("ALL/producer/main", 8);
        await Assert.ThrowsAsync<FencedException>(() => database.Table.InsertAsync(GoldenFiles.MadeUp.Skip(5).Take(count).ToArray(), fence, default));
        Assert.Equal(1, await database.Table.CountAsync(TimeRange.All, default));
    }

    [Fact]
    public async Task Ensure_TableOfTheOriginal_IsAcceptedAndCompleted()
    {
        var database = await MarketDatabase.CreateAsync(postgres);
        await database.ExecuteAsync("""
            CREATE TABLE public.ethusdt (open_time TIMESTAMP NOT NULL PRIMARY KEY, open FLOAT, high FLOAT, low FLOAT, close FLOAT, volume FLOAT,
              tst_1 FLOAT[], tst_2 FLOAT[], tst_3 FLOAT[], lightgbm_1 FLOAT[], lightgbm_2 FLOAT[], lightgbm_3 FLOAT[]);
            INSERT INTO public.ethusdt VALUES ('2025-10-01 00:00:00', 1, 2, 0.5, 1.5, 9, NULL, NULL, NULL, ARRAY[0.1, 0.2, 0.7], NULL, NULL);
            """);
        var table = new CandleTable(database.Source, "ETHUSDT");
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => table.EnsureAsync(default)));
        var time = GoldenFiles.Time("2025-10-01 00:00:00");
        var first = new Candle(time, 1, 2, 0.5, 1.5, 9, 0, double.NaN, null, double.NaN, double.NaN, null);
        Assert.Equal([first], await table.ReadBeforeAsync(long.MaxValue, 10, default));
        var full = first with { CloseTime = time + 59_999, QuoteVolume = 5, Trades = 4, TakerBase = 3, TakerQuote = 2, Ignore = 0 };
        Assert.Equal(new InsertResult(0, 1), await table.InsertAsync([full], null, default));
        Assert.Equal([full], await table.ReadBeforeAsync(long.MaxValue, 10, default));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(1_000)]
    public async Task Insert_CandlesThatDoNotTellEverything_AreStoredAsSuchAndHideNothingKnown(int count)
    {
        var database = await MarketDatabase.CreateAsync(postgres);
        var candles = GoldenFiles.MadeUp.Take(count).ToArray();
        Candle[] bare = [.. candles.Select(c => c with { CloseTime = 0, QuoteVolume = double.NaN, Trades = null, TakerBase = double.NaN, TakerQuote = double.NaN, Ignore = null })];
        Assert.Equal(new InsertResult(count, 0), await database.Table.InsertAsync(bare, null, default));
        Assert.Equal(bare, await database.AllCandlesAsync());
        Assert.Equal(count, await database.ScalarAsync<long>("SELECT count(*) FROM public.btcusdt WHERE trades IS NULL AND taker_base IS NULL AND quote_asset_volume IS NULL"));
        Assert.Equal(new InsertResult(0, count), await database.Table.InsertAsync(candles, null, default));
        Assert.Equal(new InsertResult(0, 0), await database.Table.InsertAsync(bare, null, default));
        Assert.Equal(candles, await database.AllCandlesAsync());
    }

    [Fact]
    public async Task Ensure_NewTable_BeginsWithTheOriginalsColumns()
    {
        var database = await MarketDatabase.CreateAsync(postgres);
        Assert.Equal(
            "open_time timestamp without time zone,open double precision,high double precision,low double precision,close double precision,volume double precision," +
            "tst_1 double precision[],tst_2 double precision[],tst_3 double precision[],lightgbm_1 double precision[],lightgbm_2 double precision[],lightgbm_3 double precision[]," +
            "close_time timestamp without time zone,quote_asset_volume double precision,trades bigint,taker_base double precision,taker_quote double precision,ignore bigint",
            await database.ScalarAsync<string>("""
                SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ',' ORDER BY attnum)
                FROM pg_attribute WHERE attrelid = 'public.btcusdt'::regclass AND attnum > 0
                """));
    }

    [Fact]
    public async Task Gaps_MissingMinutes_AreNamed()
    {
        var database = await MarketDatabase.CreateAsync(postgres);
        await database.Table.InsertAsync(GoldenFiles.MadeUp, null, default);
        var gap = Assert.Single(await database.Table.GapsAsync(TimeRange.All, default));
        Assert.Equal(25, gap.Minutes);
        Assert.Equal(GoldenFiles.MadeUp[1_199].OpenTime + 60_000, gap.From);
    }

    [Theory]
    [InlineData("btcusdt")]
    [InlineData("BTC\"; DROP TABLE x; --")]
    [InlineData("B")]
    public void CandleTable_NoSymbol_SaysWhatIsOne(string symbol) =>
        Assert.Contains(symbol, Assert.Throws<ArgumentException>(() => new CandleTable(null!, symbol)).Message, StringComparison.Ordinal);
}
