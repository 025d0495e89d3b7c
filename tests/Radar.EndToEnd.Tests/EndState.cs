using Radar.Testing;
using System.Globalization;
using Npgsql;
using Radar.Market;

namespace Radar.EndToEnd.Tests;

/// <summary>What must be true of a system once a replay has been worked off, whatever happened on the way.</summary>
internal static class EndState
{
    /// <summary>Candles equal the dump row for row, predictions the golden ones, CSV files and exports the database, and check is silent.</summary>
    public static async Task AssertAsync(RadarSystem system, Replay replay)
    {
        var expected = Fixtures.Candles(replay);
        Assert.Equal(expected, await CandlesAsync(system));

        var export = await system.RunAsync("export", "predictions", "--from", replay.From, "--to", replay.To);
        Assert.Equal(0, export.ExitCode);
        var exported = GoldenPredictions.Parse(export.Output);
        GoldenPredictions.Read(replay.Golden).AssertEqual(exported);

        await AssertCandleExportAsync(system, replay, expected);
        AssertPricesCsv(system, expected);
        foreach (var model in new[] { "lightgbm", "tst" })
        {
            foreach (var version in new[] { "v1", "v2", "v3" })
            {
                AssertPredictionsCsv(system, model, version, exported);
            }
        }

        await system.AssertCheckIsCleanAsync();
    }

    private static async Task<List<Candle>> CandlesAsync(RadarSystem system)
    {
        const string Sql = """
            SELECT (extract(epoch FROM open_time) * 1000)::bigint, open, high, low, close, volume,
                   (extract(epoch FROM close_time) * 1000)::bigint, quote_asset_volume, trades, taker_base, taker_quote, ignore
            FROM   btcusdt
            ORDER  BY open_time
            """;
        var candles = new List<Candle>();
        await using var command = system.Database.CreateCommand(Sql);
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            candles.Add(new Candle(
                reader.GetInt64(0), reader.GetDouble(1), reader.GetDouble(2), reader.GetDouble(3), reader.GetDouble(4), reader.GetDouble(5),
                Whole(6), reader.GetDouble(7), Whole(8), reader.GetDouble(9), reader.GetDouble(10), Whole(11)));
        }

        return candles;

        long Whole(int column) => Convert.ToInt64(reader.GetValue(column), CultureInfo.InvariantCulture);
    }

    private static async Task AssertCandleExportAsync(RadarSystem system, Replay replay, IReadOnlyList<Candle> expected)
    {
        var export = await system.RunAsync("export", "candles", "--from", replay.From, "--to", replay.To);
        Assert.Equal(0, export.ExitCode);
        var lines = export.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("open_time,open,high,low,close,volume,close_time,quote_asset_volume,trades,taker_base,taker_quote,ignore", lines[0]);
        Assert.Equal(expected, lines.Skip(1).Select(line => line.Split(',')).Select(cells => new Candle(
            Number<long>(cells[0]), Number<double>(cells[1]), Number<double>(cells[2]), Number<double>(cells[3]), Number<double>(cells[4]),
            Number<double>(cells[5]), Number<long>(cells[6]), Number<double>(cells[7]), Number<long>(cells[8]), Number<double>(cells[9]),
            Number<double>(cells[10]), Number<long>(cells[11]))));
    }

    private static void AssertPricesCsv(RadarSystem system, IReadOnlyList<Candle> expected)
    {
        var lines = File.ReadAllLines(DataFile(system, "prices", "BTCUSDT.csv"));
        Assert.Equal("open_time,open,high,low,close,volume,quote_asset_volume,trades,taker_base,taker_quote,ignore", lines[0]);
        Assert.Equal(
            expected.Select(candle => candle with { CloseTime = 0 }), // Which the file does not tell.
            lines.Skip(1).Select(line => line.Split(',')).Select(cells => new Candle(
                Time(cells[0]), Number<double>(cells[1]), Number<double>(cells[2]), Number<double>(cells[3]), Number<double>(cells[4]), Number<double>(cells[5]),
                0, Number<double>(cells[6]), Number<long>(cells[7]), Number<double>(cells[8]), Number<double>(cells[9]), Number<long>(cells[10]))));
    }

    private static void AssertPredictionsCsv(RadarSystem system, string model, string version, GoldenPredictions exported)
    {
        var first = Array.IndexOf(exported.Columns, $"{model}_{version}_sell");
        var expected = exported.Rows.Where(row => row.Value[first] is not null)
            .Select(row => (row.Key, row.Value[first]!.Value, row.Value[first + 1]!.Value, row.Value[first + 2]!.Value));
        var lines = File.ReadAllLines(DataFile(system, "predictions", "BTCUSDT", model, $"{version}.csv"));
        Assert.Equal("open_time,pred", lines[0]);
        Assert.Equal(expected, lines.Skip(1).Select(line =>
        {
            var comma = line.IndexOf(',', StringComparison.Ordinal);
            var values = line[(comma + 1)..].Trim('"', '[', ']').Split(',').Select(Number<double>).ToArray();
            return (Time(line[..comma]), values[0], values[1], values[2]);
        }));
    }

    private static string DataFile(RadarSystem system, params string[] parts) => Path.Combine([system.State, "data", .. parts]);

    private static long Time(string text)
    {
        Assert.EndsWith("+00:00", text, StringComparison.Ordinal);
        return DateTimeOffset.Parse(text, CultureInfo.InvariantCulture).ToUnixTimeMilliseconds();
    }

    private static T Number<T>(string text)
        where T : IParsable<T> => T.Parse(text, CultureInfo.InvariantCulture);
}
