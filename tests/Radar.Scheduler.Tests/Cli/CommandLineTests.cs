using System.Diagnostics;
using System.Text.Json;
using Npgsql;
using Radar.Market.Candles;

namespace Radar.Scheduler.Tests.Cli;

/// <summary>The operator's verbs over a state folder and a database of their own.</summary>
public sealed class CommandLineTests(SchedulerFixture fixture) : IClassFixture<SchedulerFixture>, IDisposable
{
    private readonly string _state = Directory.CreateTempSubdirectory("radar-state-").FullName;

    public void Dispose() => Directory.Delete(_state, recursive: true);

    [Fact]
    public async Task Verb_where_nothing_was_started_says_what_to_type()
    {
        var (code, _, errors) = await RunAsync("workers");
        Assert.Equal(1, code);
        Assert.Contains("./radar up", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Export_writes_the_columns_of_the_golden_files_and_nothing_where_there_is_nothing()
    {
        WriteState();
        await new CandleTable(fixture.Database, "BTCUSDT").EnsureAsync(CancellationToken.None);
        await fixture.ExecuteAsync("""
            TRUNCATE btcusdt;
            INSERT INTO btcusdt (open_time, open, high, low, close, volume, lightgbm_1) VALUES
              ('2023-03-20 00:00', 1, 3, 0.5, 2, 10, NULL), ('2023-03-20 00:01', 2, 4, 1.5, 3.25, 11, '{0.25,0.5,0.25}'), ('2023-03-21 00:00', 9, 9, 9, 9, 9, NULL)
            """);
        var models = Directory.CreateDirectory(Path.Combine(_state, "models", "BTCUSDT", "lightgbm"));
        await File.WriteAllTextAsync(Path.Combine(models.FullName, "v1.onnx"), "");

        var predictions = await RunAsync("export", "predictions", "--from", "2023-03-20", "--to", "2023-03-21");
        Assert.Equal(
            "open_time,lightgbm_v1_sell,lightgbm_v1_hold,lightgbm_v1_buy\n1679270400000,,,\n1679270460000,0.25,0.5,0.25\n", predictions.Output.Replace("\r", "", StringComparison.Ordinal));
        var json = await RunAsync("export", "candles", "--from", "2023-03-20", "--to", "2023-03-21", "--format", "json");
        using var candles = JsonDocument.Parse(json.Output);
        Assert.Equal(2, candles.RootElement.GetArrayLength());
        Assert.Equal(3.25, candles.RootElement[1].GetProperty("close").GetDouble());
        // Rows as an original wrote them: what they do not tell is null, not 0.
        Assert.All((string[])["close_time", "quote_asset_volume", "trades", "taker_base", "taker_quote", "ignore"], column =>
            Assert.Equal(JsonValueKind.Null, candles.RootElement[1].GetProperty(column).ValueKind));
        var csv = await RunAsync("export", "candles", "--from", "2023-03-20", "--to", "2023-03-21");
        Assert.Contains("\n1679270460000,2.0,4.0,1.5,3.25,11.0,,,,,,\n", csv.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_finds_a_stuck_task_and_a_worker_without_process_and_is_clean_without_them()
    {
        WriteState();
        Directory.CreateDirectory(Path.Combine(_state, "models"));
        await fixture.ExecuteAsync("DELETE FROM radar.workers; DROP TABLE IF EXISTS btcusdt");
        var clean = await RunAsync("check");
        Assert.True(clean.Code == 0, clean.Output + clean.Errors);
        Assert.All(clean.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.StartsWith("ok ", line, StringComparison.Ordinal));

        await fixture.AddWorkerAsync(new("BTCUSDT/tst/v1"));
        await fixture.ExecuteAsync("""
            UPDATE radar.workers SET actual = 'running';
            WITH run AS (INSERT INTO radar.workflow_runs (workflow, cause, requested_by, state, ended_at) VALUES ('start-fleet', 'manual', 'test', 'failed', now()) RETURNING run_id)
            INSERT INTO radar.task_runs (run_id, task, template, ordinal, runs_when, queue, state) SELECT run_id, 'lost', 'lost', 1, 'succeeded', 'control', 'pending' FROM run
            """);
        var broken = await RunAsync("check");
        Assert.Equal(1, broken.Code);
        var faults = broken.Output.Split('\n').Where(l => l.StartsWith("FAULT", StringComparison.Ordinal)).ToList();
        Assert.Equal(2, faults.Count);
        Assert.Contains(faults, f => f.Contains("its task lost is pending", StringComparison.Ordinal));
        Assert.Contains(faults, f => f.Contains("BTCUSDT/tst/v1", StringComparison.Ordinal));
    }

    private void WriteState()
    {
        var connection = new NpgsqlConnectionStringBuilder(fixture.Server) { Database = new NpgsqlConnectionStringBuilder(fixture.Database.ConnectionString).Database };
        File.WriteAllText(Path.Combine(_state, "secrets.json"), JsonSerializer.Serialize(new
        {
            database = connection.ConnectionString, operatorPassword = SchedulerUnderTest.Password, apiToken = SchedulerUnderTest.Token,
        }));
        File.WriteAllText(Path.Combine(_state, "system.json"), JsonSerializer.Serialize(new
        {
            mode = "replay", phase = "up", reason = (string?)null, launcher = "", services = Array.Empty<object>(),
        }));
    }

    private async Task<(int Code, string Output, string Errors)> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (var argument in (string[])[Path.Combine(AppContext.BaseDirectory, "radar-scheduler.dll"), .. arguments, "--state", _state])
        {
            start.ArgumentList.Add(argument);
        }
        start.Environment["RADAR__MODELS__DIRECTORY"] = Path.Combine(_state, "models");
        using var process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
            var errors = process.StandardError.ReadToEndAsync(deadline.Token);
            await process.WaitForExitAsync(deadline.Token);
            return (process.ExitCode, await output, await errors);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }
}
