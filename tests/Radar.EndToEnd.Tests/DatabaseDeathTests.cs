using System.Text.Json;
using Npgsql;
using Radar.Testing;

namespace Radar.EndToEnd.Tests;

/// <summary>PostgreSQL dies while a paced replay runs and the launcher starts it again: everything waits, says so and goes on.</summary>
public sealed class DatabaseDeathTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(6);

    [Fact]
    public async Task PostgreSql_KilledInStartHistoryAndLive_EndsAsIfNothingHadHappened()
    {
        await using var system = new RadarSystem("postgres");
        using var up = system.Start(
            ["up", "--headless", "--until-caught-up", .. Fixtures.MadeUp.Arguments(speed: "480"),
            "--history-until", "2026-01-02T01:25:00", "--page-size", "5"]);
        var output = up.StandardOutput.ReadToEndAsync();
        var errors = up.StandardError.ReadToEndAsync();

        await KillAsync(system, "start", () => system.AskAsync("SELECT count(*) FROM radar.workflow_runs WHERE workflow = 'start-fleet' AND state = 'running'"), 1);
        await KillAsync(system, "history", () => system.AskAsync("SELECT count(*) FROM btcusdt"), 200);
        await Eventually.TrueAsync(
            async () => await system.AskAsync("SELECT count(*) FROM radar.workers WHERE actual = 'running'") == 7, Patience, "seven workers that run");
        var before = await ProcessesAsync(system);
        await KillAsync(system, "live", () => system.AskAsync("SELECT count(*) FROM btcusdt"), 1_550);
        await KillAsync(system, "live, at once again", () => system.AskAsync("SELECT 1"), 1);
        // The program around it too: its PostgreSQL ends with it, in order.
        await Eventually.TrueAsync(async () => await system.AskAsync("SELECT count(*) FROM btcusdt") >= 1_650, Patience, "1,650 candles");
        await Eventually.TrueAsync(() => ProcessSignals.Names(system.ServicePid("postgres"), system.State), Patience, "the program around PostgreSQL");
        Signals.Kill(system.ServicePid("postgres"));

        using var deadline = new CancellationTokenSource(Patience);
        await up.WaitForExitAsync(deadline.Token);
        Assert.True(up.ExitCode == 0, $"up ended with {up.ExitCode}:\n{await output}{await errors}\n{system.Logs()}");
        system.ForgetConnections();
        Assert.Equal(before, await ProcessesAsync(system)); // They waited; nobody had to be started again.
        Assert.All(await SpokenAsync(system), said => Assert.True(said.Waited && said.WentOn, $"{said.Log} does not tell of it:\n{system.Logs()}"));
        await EndState.AssertAsync(system, Fixtures.MadeUp);
    }

    private static async Task KillAsync(RadarSystem system, string phase, Func<Task<long>> count, long atLeast)
    {
        await Eventually.TrueAsync(async () => await count() >= atLeast, Patience, $"the moment in {phase} to kill PostgreSQL");
        var pid = system.PostgresPid() ?? throw new InvalidOperationException($"PostgreSQL answers in {phase} and has no postmaster.pid.");
        // As root its data lies elsewhere, and the state folder has a link there.
        var data = Directory.ResolveLinkTarget(Path.Combine(system.State, "postgres"), returnFinalTarget: true)?.FullName ?? system.State;
        Assert.True(ProcessSignals.Names(pid, data), $"Process {pid} is not the PostgreSQL in {data}.");
        Signals.Kill(pid);
        await Eventually.TrueAsync(() => !Signals.IsAlive(pid), Patience, "PostgreSQL's end");
        await Eventually.TrueAsync(async () => await system.AskAsync("SELECT 1") == 1, Patience, $"PostgreSQL's return in {phase}");
    }

    // Scheduler, agent and the workers as one sees them from outside.
    private static async Task<IReadOnlyList<string>> ProcessesAsync(RadarSystem system)
    {
        await using var command = system.Database.CreateCommand(
            "SELECT worker_id || ' ' || coalesce(pid, 0) || ' ' || epoch FROM radar.workers ORDER BY worker_id");
        await using var reader = await command.ExecuteReaderAsync();
        var processes = new List<string> { $"scheduler {system.ServicePid("scheduler")}", $"agent {system.ServicePid("agent")}" };
        while (await reader.ReadAsync())
        {
            processes.Add(reader.GetString(0));
        }

        return processes;
    }

    private static async Task<IReadOnlyList<(string Log, bool Waited, bool WentOn)>> SpokenAsync(RadarSystem system)
    {
        var logs = Path.Combine(system.State, "logs");
        var spoken = new List<(string, bool, bool)>();
        foreach (var log in (string[])[Path.Combine(logs, "scheduler.log"), Path.Combine(logs, "agent.log"), .. Directory.EnumerateFiles(Path.Combine(logs, "workers"), "*.log")])
        {
            var text = await File.ReadAllTextAsync(log);
            spoken.Add((
                Path.GetFileName(log),
                text.Contains("Waiting for PostgreSQL", StringComparison.Ordinal) || text.Contains("Stopped hearing changes of the fleet", StringComparison.Ordinal),
                text.Contains("PostgreSQL is back", StringComparison.Ordinal) || text.Contains("Hear changes of the fleet again", StringComparison.Ordinal)));
        }

        Assert.Equal(9, spoken.Count);
        return spoken;
    }
}
