using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Radar.Embedded.Exchange;
using Radar.Jobs.Schema;
using Radar.Market;
using Radar.Market.Candles;
using Radar.Market.Models;
using Radar.Market.Predictions;
using Radar.Testing;

namespace Radar.Scheduler.Tests.Cli;

/// <summary>What <c>check</c> says of a database with few candles, sound and spoiled.</summary>
public sealed class CheckTests : IAsyncLifetime
{
    private const long Begin = 1_767_225_600_000; // 2026-01-01 00:00 UTC.
    private readonly PostgresFixture _postgres = new();
    private NpgsqlDataSource _database = null!;
    private OperatorProcess _radar = null!;

    public async Task InitializeAsync()
    {
        await _postgres.InitializeAsync();
        _database = await _postgres.CreateDatabaseAsync();
        await new Migrator(_database, NullLogger<Migrator>.Instance).MigrateAsync(CancellationToken.None);
        var table = new CandleTable(_database, "BTCUSDT");
        await table.EnsureAsync(CancellationToken.None);
        await table.InsertAsync([.. Enumerable.Range(0, 40).Select(Minute)], null, CancellationToken.None);
        await ExecuteAsync("""
            UPDATE btcusdt SET lightgbm_1 = '{0.1,0.2,0.7}', lightgbm_2 = '{0.1,0.2,0.7}', lightgbm_3 = '{0.1,0.2,0.7}', tst_1 = '{-1,0,1}', tst_2 = '{-1,0,1}', tst_3 = '{-1,0,1}'
            WHERE open_time >= '2026-01-01 00:30'
            """);
        _radar = new OperatorProcess(_postgres.Server, _database);
        await new PricesCsv(PricesCsv.PathOf(_radar.State, "BTCUSDT"), table).SyncAsync(CancellationToken.None);
        foreach (var model in Models)
        {
            await new PredictionsCsv(PredictionsCsv.PathOf(_radar.State, model), new PredictionStore(table), model).SyncAsync(CancellationToken.None);
        }
    }

    public async Task DisposeAsync()
    {
        _radar.Forget();
        await _postgres.DisposeAsync();
    }

    [Fact]
    public async Task Check_finds_nothing_where_all_is_well_and_names_each_fault_that_is_made()
    {
        var (code, clean, errors) = await _radar.RunAsync("check");
        Assert.True(code == 0, clean + errors);
        Assert.DoesNotContain("FAULT", clean, StringComparison.Ordinal);

        await ExecuteAsync("""
            INSERT INTO radar.workers (worker_id, kind, desired, desired_by) VALUES ('ALL/producer/main', 'candle-producer', 'start', 'test');
            UPDATE btcusdt SET tst_2 = NULL WHERE open_time = '2026-01-01 00:35';
            DELETE FROM btcusdt WHERE open_time = '2026-01-01 00:20';
            INSERT INTO radar.workflow_runs (workflow, cause, requested_by, state) VALUES ('made-up', 'manual', 'test', 'running');
            INSERT INTO radar.task_runs (run_id, task, template, ordinal, runs_when, queue, state, lease_until)
            SELECT run_id, 'hang', 'hang', 0, 'succeeded', 'default', 'running', now() - interval '1 hour' FROM radar.workflow_runs;
            """);
        await using var exchange = await ExchangeServer.StartAsync(
            new ExchangeSettings { From = Begin, HistoryUntil = Begin + 60 * CandleTime.Minute }, TimeProvider.System, CancellationToken.None);
        _radar.Exchange = exchange.Address;
        _radar.Symbols = "BTCUSDT,ETHUSDT"; // The second has no model, and no candle yet.
        var (broken, found, _) = await _radar.RunAsync("check");
        Assert.Equal(1, broken);
        var faults = Faults(found);
        Assert.Contains(faults, line => line.Contains("no candle is missing", StringComparison.Ordinal) && line.Contains("2026-01-01 00:20", StringComparison.Ordinal)
            && line.Contains("after 2026-01-01 00:39", StringComparison.Ordinal)); // The exchange has twenty more, which nobody fetches.
        Assert.Contains(faults, line => line.Contains("BTCUSDT/tst/v2 lacks 1", StringComparison.Ordinal) && line.Contains("00:35", StringComparison.Ordinal));
        Assert.Contains(faults, line => line.Contains("task hang", StringComparison.Ordinal));
        // Both are still in the files.
        Assert.Contains(faults, line => line.Contains("prices/BTCUSDT.csv: 1 row(s) are not in the table (2026-01-01 00:20", StringComparison.Ordinal)
            && line.Contains("tst/v2.csv: 1 row(s) are not in the table (2026-01-01 00:35", StringComparison.Ordinal));
        Assert.Equal(4, faults.Count);
        Assert.Contains(found.Split('\n'), line => line.StartsWith("? ", StringComparison.Ordinal) && line.Contains("ETHUSDT", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Check_of_a_gap_that_nobody_can_be_asked_about_says_so_and_calls_it_no_fault()
    {
        await ExecuteAsync("DELETE FROM btcusdt WHERE open_time = '2026-01-01 00:20'");
        await new PricesCsv(PricesCsv.PathOf(_radar.State, "BTCUSDT"), new CandleTable(_database, "BTCUSDT")).SyncAsync(CancellationToken.None);
        var (code, output, errors) = await _radar.RunAsync("check");
        Assert.True(code == 0, output + errors);
        Assert.Empty(Faults(output));
        var line = Assert.Single(output.Split('\n'), line => line.StartsWith("? ", StringComparison.Ordinal));
        Assert.Contains("could not be asked", line, StringComparison.Ordinal);
        Assert.Contains("2026-01-01 00:20", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_names_rows_of_files_that_differ_from_the_tables()
    {
        var prices = PricesCsv.PathOf(_radar.State, "BTCUSDT");
        var lines = await File.ReadAllLinesAsync(prices);
        lines[6] = lines[6].Replace("100.5", "100.25", StringComparison.Ordinal);
        await File.WriteAllLinesAsync(prices, ["open_time,open,high,low,close,volume,quote_asset_volume,trades,taker_base,taker_quote,ignore", "2025-12-31 23:59:00+00:00,1,1,1,1,1,1,1,1,1,0", .. lines[1..11], .. lines[12..]]);
        File.Delete(PredictionsCsv.PathOf(_radar.State, Models[0]));
        var (code, output, _) = await _radar.RunAsync("check");
        Assert.Equal(1, code);
        var fault = Assert.Single(Faults(output));
        Assert.Contains("prices/BTCUSDT.csv: 1 row(s) differ from the table (2026-01-01 00:05:00)", fault, StringComparison.Ordinal);
        Assert.Contains("prices/BTCUSDT.csv: 1 row(s) of the table are not in it (2026-01-01 00:10:00)", fault, StringComparison.Ordinal);
        Assert.Contains("lightgbm/v1.csv is not there", fault, StringComparison.Ordinal);
        Assert.DoesNotContain("2025-12-31", fault, StringComparison.Ordinal); // Older than the table, and kept.
    }

    private static IReadOnlyList<ModelId> Models { get; } =
        [.. ((string[])["lightgbm", "tst"]).SelectMany(model => Enumerable.Range(1, 3).Select(version => ModelId.Parse($"BTCUSDT/{model}/v{version}")))];

    private static List<string> Faults(string output) => [.. output.Split('\n').Where(line => line.StartsWith("FAULT", StringComparison.Ordinal))];

    private static Candle Minute(int at) => new(
        Begin + at * CandleTime.Minute, 100, 101, 99, 100.5, 5, Begin + (at + 1) * CandleTime.Minute - 1, 500, 10, 2.5, 250, 0);

    private async Task ExecuteAsync(string sql)
    {
        await using var command = _database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
