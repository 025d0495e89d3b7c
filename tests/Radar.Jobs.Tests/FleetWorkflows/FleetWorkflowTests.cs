using System.IO.Compression;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Radar.Embedded.Kafka;
using Radar.Jobs.Engine;
using Radar.Jobs.Fleet;
using Radar.Jobs.FleetWorkflows;
using Radar.Jobs.Runs;
using Radar.Jobs.Schema;
using Radar.Jobs.TestNode;
using Radar.Testing;

namespace Radar.Jobs.Tests.FleetWorkflows;

/// <summary>start-fleet and kill-fleet on the engine that RADAR__ENGINE names, or else the one this build prefers.</summary>
#pragma warning disable CA1001 // xunit calls DisposeAsync of IAsyncLifetime.
public sealed class FleetWorkflowTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("radar-fleet-").FullName;
    private NpgsqlDataSource _database = null!;
    private ScriptedAgent _agent = null!;

    public async Task InitializeAsync()
    {
        _database = await postgres.CreateDatabaseAsync();
        await _database.ExecuteAsync(Effects.Schema);
        await new Migrator(_database, NullLogger<Migrator>.Instance).MigrateAsync(default);
        _agent = new(_database);
        foreach (var model in (string[])["lightgbm/v1", "lightgbm/v2", "tst/v1"])
        {
            var file = Path.Combine(_folder, "models", "BTCUSDT", model + ".onnx");
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            await File.WriteAllTextAsync(file, "not read here");
        }
    }

    public async Task DisposeAsync()
    {
        await _agent.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task StartFleet_ModelsOfTheStore_RunAfterTheProducer()
    {
        await using var node = await StartAsync();
        var detail = await node.EndedAsync(await node.RunAsync("consumer_start"));

        Assert.Equal((RunState.Succeeded, null), (detail.Run.State, detail.Run.Reason));
        Assert.Equal(
            [
                "retire-stale", "pull-datasets", "start-producer", "wait-producer", "start-consumer", "start-consumer[BTCUSDT/lightgbm/v1]",
                "start-consumer[BTCUSDT/lightgbm/v2]", "start-consumer[BTCUSDT/tst/v1]", "wait-consumer", "wait-consumer[BTCUSDT/lightgbm/v1]",
                "wait-consumer[BTCUSDT/lightgbm/v2]", "wait-consumer[BTCUSDT/tst/v1]", "start-capture", "wait-capture", "fleet-running",
            ],
            detail.Tasks.Select(t => t.Task));
        Assert.Equal(["ALL/producer/main", "BTCUSDT/lightgbm/v1", "BTCUSDT/lightgbm/v2", "BTCUSDT/tst/v1"], await WorkersAsync("running"));
        Assert.Equal("t", await FirstAsync("""
            SELECT CASE WHEN (SELECT ended_at FROM radar.task_runs WHERE task = 'wait-producer') <= min(started_at) THEN 't' ELSE 'f' END
            FROM radar.task_runs WHERE template = 'start-consumer'
            """));
        Assert.Contains("Radar:Datasets:Directory is not set", (await node.Runs.LogsAsync(detail.Run.RunId, "pull-datasets", 0, 10, default))!.Single().Message, StringComparison.Ordinal);
        Assert.Equal($"start-fleet run {detail.Run.RunId}", await FirstAsync("SELECT DISTINCT desired_by FROM radar.workers"));
    }

    [Fact]
    public async Task StartFleet_WorkerFails_EndsWithItsErrorAtOnce()
    {
        _agent.Failing["BTCUSDT/tst/v1"] = "the model expects 7 columns";
        await using var node = await StartAsync();
        var detail = await node.EndedAsync(await node.RunAsync("start-fleet"));

        Assert.Equal((RunState.Failed, "wait-consumer[BTCUSDT/tst/v1]: BTCUSDT/tst/v1 failed: the model expects 7 columns"), (detail.Run.State, detail.Run.Reason));
        Assert.Equal(1, detail.Tasks.Single(t => t.Task == "wait-consumer[BTCUSDT/tst/v1]").Attempt);
        Assert.Equal(TaskState.Succeeded, detail.Tasks.Single(t => t.Task == "wait-consumer[BTCUSDT/tst/v1]".Replace("tst", "lightgbm", StringComparison.Ordinal)).State);

        // Next time it goes well, and the failed one begins again.
        _agent.Failing.Clear();
        Assert.Equal(RunState.Succeeded, (await node.EndedAsync(await node.RunAsync("start-fleet"))).Run.State);
    }

    [Fact]
    public async Task StartFleet_DeadlinePasses_NamesTheWorkerItsStateAndTheMissingAgent()
    {
        _agent.Stuck.Add("ALL/producer/main");
        await using var node = await StartAsync(("Radar:Fleet:ProducerDeadline", "00:00:01"));
        var detail = await node.EndedAsync(await node.RunAsync("start-fleet"));

        Assert.Contains("ALL/producer/main is starting (asked: start)", detail.Run.Reason, StringComparison.Ordinal);
        Assert.Contains("No agent is alive", detail.Run.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task StartFleet_ModelGone_RetiresItsWorker()
    {
        await using var node = await StartAsync();
        await node.EndedAsync(await node.RunAsync("start-fleet"));
        File.Delete(Path.Combine(_folder, "models", "BTCUSDT", "lightgbm", "v2.onnx"));
        await node.Services.GetRequiredService<IFleet>().AskAsync(new("BTCUSDT/tst/v1"), DesiredState.Delete, "operator", default);

        var detail = await node.EndedAsync(await node.RunAsync("start-fleet"));
        Assert.Equal(RunState.Succeeded, detail.Run.State);
        Assert.Equal(["ALL/producer/main", "BTCUSDT/lightgbm/v1", "BTCUSDT/tst/v1"], await WorkersAsync("running"));
        Assert.Equal("3", await FirstAsync("SELECT count(*) FROM radar.workers"));
    }

    [Fact]
    public async Task KillFleet_RunningFleet_DeletesAndForgetsAll()
    {
        await using var node = await StartAsync();
        await node.EndedAsync(await node.RunAsync("start-fleet"));
        var detail = await node.EndedAsync(await node.RunAsync("kill_all"));

        Assert.Equal(RunState.Succeeded, detail.Run.State);
        Assert.Equal(["stop-consumers", "stop-producer", "wait-deleted", "clean"], detail.Tasks.Select(t => t.Task));
        Assert.Equal("0", await FirstAsync("SELECT count(*) FROM radar.workers"));
        Assert.Equal(RunState.Succeeded, (await node.EndedAsync(await node.RunAsync("kill-fleet"))).Run.State);
        Assert.Equal(RunState.Succeeded, (await node.EndedAsync(await node.RunAsync("start-fleet"))).Run.State);
    }

    [Fact]
    public async Task KillFleet_ProcessStillThereAfterItsLastWord_WaitsForItsEnd()
    {
        await using var node = await StartAsync();
        await node.EndedAsync(await node.RunAsync("start-fleet"));
        var own = ProcessIdentity.Own;
        await _database.ExecuteAsync($"UPDATE radar.workers SET pid = {own.Pid}, process_start = {own.Start}, boot_id = '{own.Machine}' WHERE worker_id = 'BTCUSDT/tst/v1'");
        // That of another worker has ended already: nobody need say so.
        await _database.ExecuteAsync($"UPDATE radar.workers SET pid = {own.Pid}, process_start = 1, boot_id = '{own.Machine}' WHERE worker_id = 'BTCUSDT/lightgbm/v1'");
        var kill = await node.RunAsync("kill-fleet");
        await Eventually.TrueAsync(
            async () => (await node.Runs.LogsAsync(kill, "wait-deleted", 0, 100, default))!.Any(l => l.Message == "BTCUSDT/tst/v1 is deleted"), "the worker's last word");
        await Eventually.TrueAsync(async () => (await WorkersAsync("deleted")).Count == 4, "all of them to say deleted");
        Assert.Equal(TaskState.Running, (await node.Runs.FindAsync(kill, default))!.Tasks.Single(t => t.Task == "wait-deleted").State);

        await _database.ExecuteAsync("UPDATE radar.workers SET pid = NULL, process_start = NULL, boot_id = NULL WHERE worker_id = 'BTCUSDT/tst/v1'");
        Assert.Equal(RunState.Succeeded, (await node.EndedAsync(kill)).Run.State);
        Assert.Equal("0", await FirstAsync("SELECT count(*) FROM radar.workers"));
    }

    [Fact]
    public async Task KillFleet_ProcessDoesNotEnd_FailsAndNamesIt()
    {
        await using var node = await StartAsync(("Radar:Fleet:DeleteDeadline", "00:00:02"));
        await node.EndedAsync(await node.RunAsync("start-fleet"));
        var own = ProcessIdentity.Own;
        await _database.ExecuteAsync($"UPDATE radar.workers SET pid = {own.Pid}, process_start = {own.Start}, boot_id = '{own.Machine}' WHERE worker_id = 'BTCUSDT/tst/v1'");
        var detail = await node.EndedAsync(await node.RunAsync("kill-fleet"));
        Assert.Equal(RunState.Failed, detail.Run.State);
        Assert.Contains($"BTCUSDT/tst/v1 is deleted (asked: delete, its process {own.Pid} is still there)", detail.Run.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task KillFleet_WhileStartFleetWaits_PreemptsIt()
    {
        _agent.Stuck.Add("ALL/producer/main");
        await using var node = await StartAsync();
        var start = await node.RunAsync("start-fleet");
        await node.TaskIsAsync(start, "wait-producer", TaskState.Running);

        var kill = await node.RunAsync("kill-fleet");
        var killed = await node.EndedAsync(kill);
        var started = await node.EndedAsync(start);
        Assert.Equal((RunState.Cancelled, $"pre-empted by kill-fleet run {kill}"), (started.Run.State, started.Run.Reason));
        Assert.Equal(RunState.Succeeded, killed.Run.State);
        Assert.True(killed.Run.StartedAt >= started.Run.EndedAt);
        Assert.Equal("0", await FirstAsync("SELECT count(*) FROM radar.workers"));
    }

    [Fact]
    public async Task StartFleet_WhileKillFleetRuns_WaitsForItsEnd()
    {
        await using var node = await StartAsync();
        await node.EndedAsync(await node.RunAsync("start-fleet"));
        _agent.Stubborn.Add("BTCUSDT/tst/v1");
        var kill = await node.RunAsync("kill-fleet");
        await node.TaskIsAsync(kill, "wait-deleted", TaskState.Running);

        var clicks = await Task.WhenAll(node.RunAsync("start-fleet"), node.RunAsync("start-fleet"));
        Assert.Single(clicks.Distinct());
        Assert.Contains($"waits for kill-fleet run {kill} (running) to end", await node.Runs.WhyNotRunningAsync(clicks[0], null, default), StringComparison.Ordinal);
        _agent.Stubborn.Clear();
        Assert.Equal(RunState.Succeeded, (await node.EndedAsync(kill)).Run.State);
        Assert.Equal(RunState.Succeeded, (await node.EndedAsync(clicks[0])).Run.State);
        Assert.Equal(4, (await WorkersAsync("running")).Count);
    }

    [Fact]
    public async Task StartFleet_WithMarketCapture_StartsProducersAndAsManySinksAsWereAskedFor()
    {
        await using var broker = MockBroker.Start(0, new Dictionary<string, int> { ["radar_trades"] = 3, ["radar_depths"] = 3 });
        await using var node = await StartAsync(
            ("Radar:Capture:Enabled", "true"), ("Radar:Capture:TradesSinks", "4"), ("Radar:Kafka:BootstrapServers", broker.BootstrapServers));
        var detail = await node.EndedAsync(await node.RunAsync("start-fleet"));
        Assert.Equal((RunState.Succeeded, null), (detail.Run.State, detail.Run.Reason));
        string[] capture = ["depth-sink/1", "depth-sink/2", "trades-sink/1", "trades-sink/2", "trades-sink/3", "trades-sink/4", "wallex-depth", "wallex-trades"];
        string[] candles = ["ALL/producer/main", "BTCUSDT/lightgbm/v1", "BTCUSDT/lightgbm/v2", "BTCUSDT/tst/v1"];
        Assert.Equal(candles.Concat(capture), await WorkersAsync("running"));
        Assert.Equal(["depth-sink", "trades-sink", "wallex-depth", "wallex-trades"], await _database.ColumnAsync("SELECT DISTINCT kind FROM radar.workers WHERE worker_id !~ '[A-Z]' ORDER BY 1"));
        Assert.Contains(
            (await node.Runs.LogsAsync(detail.Run.RunId, "start-capture", 0, 10, default))!,
            line => line.Message.Contains("radar_trades has 3 partition(s): 1 of 4 trades-sink workers stand by", StringComparison.Ordinal));

        // Fewer and more, and what was asked for outlives a start of the fleet.
        var crew = node.Services.GetRequiredService<CaptureCrew>();
        Assert.Equal(
            "1 trades-sink workers are asked to run, 3 to delete. Topic radar_trades has 3 partition(s).", await crew.ScaleAsync("trades-sink", 1, "operator", default));
        Assert.Contains("3 depth-sink workers are asked to run", await crew.ScaleAsync("depth-sink", 3, "operator", default), StringComparison.Ordinal);
        await node.EndedAsync(await node.RunAsync("start-fleet"));
        Assert.Equal(candles.Concat(["depth-sink/1", "depth-sink/2", "depth-sink/3", "trades-sink/1", "wallex-depth", "wallex-trades"]), await WorkersAsync("running"));

        await node.EndedAsync(await node.RunAsync("kill-fleet"));
        Assert.Equal("0", await FirstAsync("SELECT count(*) FROM radar.workers"));
        Assert.Contains("the next start-fleet starts them", await crew.ScaleAsync("trades-sink", 2, "operator", default), StringComparison.Ordinal);
        Assert.Equal("0", await FirstAsync("SELECT count(*) FROM radar.workers"));
    }

    [Theory]
    [InlineData("trades-snik", 3, "'trades-snik' cannot be scaled: use trades-sink or depth-sink")]
    [InlineData("trades-sink", 65, "65 sinks are not to be had: use a number from 0 to 64")]
    [InlineData("trades-sink", -1, "-1 sinks are not to be had")]
    public async Task Scale_WrongRequest_IsNamed(string kind, int count, string words)
    {
        await using var node = await StartAsync();
        var wrong = await Assert.ThrowsAsync<ArgumentException>(() => node.Services.GetRequiredService<CaptureCrew>().ScaleAsync(kind, count, "operator", default));
        Assert.Contains(words, wrong.Message, StringComparison.Ordinal);
        Assert.Contains("capture is switched off", await node.Services.GetRequiredService<CaptureCrew>().ScaleAsync("trades-sink", 5, "operator", default), StringComparison.Ordinal);
    }

    [Fact]
    public async Task PullDatasets_FolderOfCsv_FillsOnlyWhatIsMissing()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "datasets", "prices"));
        Directory.CreateDirectory(Path.Combine(_folder, "datasets", "predictions", "BTCUSDT", "lightgbm"));
        await GzipAsync(Path.Combine(_folder, "datasets", "prices", "BTCUSDT.csv.gz"), """
            open_time,open,high,low,close,volume,quote_asset_volume,trades,taker_base,taker_quote,ignore
            2023-03-20 00:00:00+00:00,1,2,0.5,1.5,10,15,3,4,6,0
            2023-03-20 00:01:00,1.5,2,0.5,1.75,11,16,4,5,7,0
            """);
        await File.WriteAllTextAsync(Path.Combine(_folder, "datasets", "predictions", "BTCUSDT", "lightgbm", "v1.csv"), """
            open_time,pred
            2023-03-20 00:00:00+00:00,"[0.1, 0.2, 0.7]"
            2023-03-20 00:01:00+00:00,"[0.3 0.3        0.4]"
            2023-03-20 00:05:00+00:00,"[1, 0, 0]"
            """);
        await using var node = await StartAsync(("Radar:Datasets:Directory", Path.Combine(_folder, "datasets")));
        var first = await node.EndedAsync(await node.RunAsync("start-fleet"));

        Assert.Equal((RunState.Succeeded, null), (first.Run.State, first.Run.Reason));
        Assert.Equal(["0.1,0.2,0.7", "0.3,0.3,0.4"], await _database.ColumnAsync("SELECT array_to_string(lightgbm_1, ',') FROM btcusdt ORDER BY open_time"));
        await _database.ExecuteAsync("UPDATE btcusdt SET close = 99, lightgbm_1 = '{9,9,9}' WHERE open_time = '2023-03-20 00:00'");

        await node.EndedAsync(await node.RunAsync("start-fleet"));
        Assert.Equal(["99 9,9,9", "1.75 0.3,0.3,0.4"], await _database.ColumnAsync("SELECT close || ' ' || array_to_string(lightgbm_1, ',') FROM btcusdt ORDER BY open_time"));
    }

    [Fact]
    public async Task PullDatasets_UnreadableFile_NamesItAndTheRow()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "datasets", "prices"));
        await File.WriteAllTextAsync(Path.Combine(_folder, "datasets", "prices", "BTCUSDT.csv"), "open_time,open,high,low,close,volume\nyesterday,1,2,3,4,5\n");
        await using var node = await StartAsync(("Radar:Datasets:Directory", Path.Combine(_folder, "datasets")));
        var detail = await node.EndedAsync(await node.RunAsync("start-fleet"));

        Assert.Contains("BTCUSDT.csv", detail.Run.Reason, StringComparison.Ordinal);
        Assert.Contains("'yesterday'", detail.Run.Reason, StringComparison.Ordinal);
    }

    private Task<Node> StartAsync(params (string Key, string Value)[] more)
    {
        var settings = Node.Settings(
            _database.SettingOf(), "one", EnginePackages.Choose(Environment.GetEnvironmentVariable("RADAR__ENGINE"), null).Name);
        settings["Radar:Models:Directory"] = Path.Combine(_folder, "models");
        foreach (var (key, value) in more)
        {
            settings[key] = value;
        }

        return Node.StartAsync(settings);
    }

    private Task<List<string>> WorkersAsync(string actual) =>
        _database.ColumnAsync($"SELECT worker_id FROM radar.workers WHERE actual = '{actual}' ORDER BY worker_id");

    private async Task<string> FirstAsync(string sql) => (await _database.ColumnAsync(sql))[0];

    private static async Task GzipAsync(string path, string text)
    {
        await using var file = File.Create(path);
        await using var zip = new GZipStream(file, CompressionLevel.Fastest);
        await using var writer = new StreamWriter(zip);
        await writer.WriteAsync(text);
    }
}
