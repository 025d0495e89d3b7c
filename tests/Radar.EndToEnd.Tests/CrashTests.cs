using Radar.Testing;

namespace Radar.EndToEnd.Tests;

/// <summary>Processes die at seeded moments while a paced replay runs; nobody does anything; the end state is the same.</summary>
public sealed class CrashTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(6);

    [Theory]
    [InlineData(20260101)]
    public async Task KilledNineTimes_InStartHistoryAndLive_EndsAsIfNothingHadHappened(int seed)
    {
        var random = new Random(seed);
        await using var system = new RadarSystem("crash");

        // 1,500 candles of history in pages of 5, then 500 live ones at 8 a second: over a minute of live.
        using var up = system.Start(
            ["up", "--headless", "--until-caught-up", .. Fixtures.MadeUp.Arguments(speed: "480"),
            "--history-until", "2026-01-02T01:25:00", "--page-size", "5"]);
        var output = up.StandardOutput.ReadToEndAsync();
        var errors = up.StandardError.ReadToEndAsync();

        await KillAsync(system, random, "start", Victim.Scheduler, () => RunsAsync(system, "running"));
        await KillAsync(system, random, "start", Victim.Producer, () => WorkersAsync(system, "ALL/producer/main"));
        await KillAsync(system, random, "history", Victim.Producer, () => CandlesAsync(system, 100));
        await KillAsync(system, random, "history", Victim.Agent, () => CandlesAsync(system, 400));
        await KillAsync(system, random, "history", Victim.Consumer, () => WorkersAsync(system, "BTCUSDT/"));
        await KillAsync(system, random, "live", Victim.Consumer, () => CandlesAsync(system, 1_550));
        await KillAsync(system, random, "live", Victim.Scheduler, () => CandlesAsync(system, 1_600));
        await KillAsync(system, random, "live", Victim.Agent, () => CandlesAsync(system, 1_650));
        await KillAsync(system, random, "live", Victim.Producer, () => CandlesAsync(system, 1_700));

        using var deadline = new CancellationTokenSource(Patience);
        await up.WaitForExitAsync(deadline.Token);
        Assert.True(up.ExitCode == 0, $"up ended with {up.ExitCode}:\n{await output}{await errors}\n{system.Logs()}");
        await EndState.AssertAsync(system, Fixtures.MadeUp);
    }

    [Fact]
    public async Task StoppedConsumer_ReplacedUnderASecondAgent_ChangesNothingMoreAndEndsByItself()
    {
        await using var system = new RadarSystem("zombie");
        await system.UpAsync([.. Fixtures.MadeUp.Arguments(speed: "600"), "--history-until", "2026-01-01T20:00:00"]);
        const string Worker = "BTCUSDT/lightgbm/v2";
        var zombie = (await system.WorkerPidAsync(Worker))!.Value;
        var firstAgent = system.ServicePid("agent");
        using var second = SecondAgent.Start(firstAgent);
        try
        {
            await Eventually.TrueAsync(
                async () => await system.CountAsync("SELECT count(*) FROM radar.agents WHERE until > now()") == 2, Patience, "a second agent");
            Assert.True(ProcessSignals.Names(firstAgent, system.State) && ProcessSignals.Names(zombie, Worker), system.Logs());
            Signals.Stop(firstAgent);
            Signals.Stop(zombie);
            var stoppedAt = await system.CountAsync("SELECT extract(epoch FROM clock_timestamp())::bigint");
            var stopped = await system.CountAsync($"SELECT epoch FROM radar.workers WHERE worker_id = '{Worker}'");
            await Eventually.TrueAsync(
                async () => await system.CountAsync(
                    $"SELECT count(*) FROM radar.workers WHERE worker_id = '{Worker}' AND actual = 'running' AND epoch > {stopped} AND agent = 'second'") == 1,
                Patience,
                "a replacement under the second agent");
            await Eventually.TrueAsync(
                async () => await system.CountAsync($"SELECT (extract(epoch FROM clock_timestamp()) > {stoppedAt} + 20)::int") == 1, Patience, "20 s by PostgreSQL's clock");

            var events = await EventsAsync(system, Worker, stopped);
            var offset = await system.CountAsync($"SELECT next_offset FROM radar.consumer_offsets WHERE worker_id = '{Worker}'");
            var file = await File.ReadAllBytesAsync(Predictions(system, "v2"));
            Signals.Continue(zombie);
            await Eventually.TrueAsync(() => Task.FromResult(!Signals.IsAlive(zombie)), Patience, "the continued process ends by itself");
            Assert.Equal(events, await EventsAsync(system, Worker, stopped));
            Assert.True(await system.CountAsync($"SELECT next_offset FROM radar.consumer_offsets WHERE worker_id = '{Worker}'") >= offset);
            // Its successor goes on with the file meanwhile: what was there stays, line by line.
            Assert.Equal(file, (await File.ReadAllBytesAsync(Predictions(system, "v2")))[..file.Length]);
            Assert.False(Directory.Exists(Path.Combine(system.State, "logs", "dead-letters")));
            Signals.Continue(firstAgent);

            await system.UpAsync([.. Fixtures.MadeUp.Arguments(speed: "600"), "--history-until", "2026-01-01T20:00:00", "--until-caught-up"]);
            await EndState.AssertAsync(system, Fixtures.MadeUp);
        }
        finally
        {
            foreach (var pid in (int[])[firstAgent, zombie])
            {
                if (ProcessSignals.Names(pid, system.State))
                {
                    Signals.Continue(pid);
                }
            }
        }
    }

    private static string Predictions(RadarSystem system, string version) =>
        Path.Combine(system.State, "data", "predictions", "BTCUSDT", "lightgbm", version + ".csv");

    // What was said under an epoch or an earlier one.
    private static async Task<List<string>> EventsAsync(RadarSystem system, string worker, long epoch)
    {
        await using var command = system.Database.CreateCommand(
            $"SELECT id || ' ' || event || ' ' || message FROM radar.worker_events WHERE worker_id = '{worker}' AND epoch <= {epoch} ORDER BY id");
        await using var reader = await command.ExecuteReaderAsync();
        var events = new List<string>();
        while (await reader.ReadAsync())
        {
            events.Add(reader.GetString(0));
        }

        return events;
    }

    [Fact]
    public async Task MockBroker_RestartedEmpty_LosesNoPrediction()
    {
        await using var system = new RadarSystem("mock");
        await AssertBrokerDeathAsync(system, "mock");
    }

    [SharedFact("kafka/libs")]
    public async Task RealBroker_KilledAndRestarted_LosesNoPrediction()
    {
        await using var system = new RadarSystem("kafka").With("RADAR_KAFKA_HOME", Path.Combine(Fixtures.Shared, "kafka"));
        await AssertBrokerDeathAsync(system, "Apache Kafka");
    }

    private static async Task AssertBrokerDeathAsync(RadarSystem system, string broker)
    {
        string[] arguments = [.. Fixtures.MadeUp.Arguments(speed: "600"), "--history-until", "2026-01-02T01:25:00"];
        var up = await system.RunAsync(["up", "--headless", .. arguments]);
        Assert.True(up.ExitCode == 0, up.Everything + system.Logs());
        Assert.Contains(broker, up.Everything, StringComparison.OrdinalIgnoreCase);
        foreach (var candles in new[] { 1_550, 1_700 })
        {
            await Eventually.TrueAsync(() => CandlesAsync(system, candles), Patience, $"{candles} candles");
            await Eventually.TrueAsync(() => ProcessSignals.Names(system.ServicePid("kafka"), system.State), Patience, "a broker to kill");
            Signals.Kill(system.ServicePid("kafka"));
        }

        await system.UpAsync([.. arguments, "--until-caught-up"]);
        await EndState.AssertAsync(system, Fixtures.MadeUp);
    }

    private enum Victim
    {
        Scheduler,
        Agent,
        Producer,
        Consumer,
    }

    private static async Task KillAsync(RadarSystem system, Random random, string phase, Victim victim, Func<Task<bool>> when)
    {
        await Eventually.TrueAsync(when, Patience, $"the moment in {phase} to kill the {victim}");
        int? pid = null;
        var consumer = $"BTCUSDT/{(random.Next(2) == 0 ? "lightgbm" : "tst")}/v{random.Next(3) + 1}"; // Drawn for every victim: how often we look changes nothing.
        await Eventually.TrueAsync(
            async () =>
            {
                pid = victim switch
                {
                    Victim.Scheduler => system.ServicePid("scheduler"),
                    Victim.Agent => system.ServicePid("agent"),
                    Victim.Producer => await system.WorkerPidAsync("ALL/producer/main"),
                    _ => await system.WorkerPidAsync(consumer),
                };
                return pid is { } found && ProcessSignals.Names(found, system.State); // A number read a while ago may be anybody's by now.
            },
            Patience,
            $"a {victim} to kill in {phase}");
        Signals.Kill(pid!.Value);
    }

    private static async Task<bool> RunsAsync(RadarSystem system, string state) =>
        await system.AskAsync($"SELECT count(*) FROM radar.workflow_runs WHERE workflow = 'start-fleet' AND state = '{state}'") > 0;

    private static async Task<bool> WorkersAsync(RadarSystem system, string prefix) =>
        await system.AskAsync($"SELECT count(*) FROM radar.workers WHERE worker_id LIKE '{prefix}%' AND pid IS NOT NULL") > 0;

    private static async Task<bool> CandlesAsync(RadarSystem system, long atLeast) =>
        await system.AskAsync("SELECT count(*) FROM btcusdt") >= atLeast;
}
