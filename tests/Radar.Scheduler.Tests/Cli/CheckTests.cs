using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Radar.Jobs.Schema;
using Radar.Market;
using Radar.Market.Candles;
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
            UPDATE btcusdt SET tst_2 = NULL WHERE open_time = '2026-01-01 00:35';
            DELETE FROM btcusdt WHERE open_time = '2026-01-01 00:20';
            INSERT INTO radar.workflow_runs (workflow, cause, requested_by, state) VALUES ('made-up', 'manual', 'test', 'running');
            INSERT INTO radar.task_runs (run_id, task, template, ordinal, runs_when, queue, state, lease_until)
            SELECT run_id, 'hang', 'hang', 0, 'succeeded', 'default', 'running', now() - interval '1 hour' FROM radar.workflow_runs;
            """);
        var (broken, found, _) = await _radar.RunAsync("check");
        Assert.Equal(1, broken);
        var faults = found.Split('\n').Where(line => line.StartsWith("FAULT", StringComparison.Ordinal)).ToList();
        Assert.Contains(faults, line => line.Contains("2026-01-01 00:20", StringComparison.Ordinal));
        Assert.Contains(faults, line => line.Contains("BTCUSDT/tst/v2 lacks 1", StringComparison.Ordinal) && line.Contains("00:35", StringComparison.Ordinal));
        Assert.Contains(faults, line => line.Contains("task hang", StringComparison.Ordinal));
        Assert.Equal(3, faults.Count);
    }

    private static Candle Minute(int at) => new(
        Begin + at * CandleTime.Minute, 100, 101, 99, 100.5, 5, Begin + (at + 1) * CandleTime.Minute - 1, 500, 10, 2.5, 250, 0);

    private async Task ExecuteAsync(string sql)
    {
        await using var command = _database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
