using Radar.Jobs.Fleet;
using Radar.Testing;
using Radar.Workers.Hosting;

namespace Radar.Workers.Tests.Processes;

public sealed class DatabaseAwayTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task Database_AwayLongerThanALease_EverybodyWaitsAndTheSameProcessGoesOn()
    {
        await using var system = await FleetSystem.CreateAsync(postgres);
        system.StartAgent();
        await system.StartWorkerAsync(FleetSystem.Consumer);
        var before = await system.UntilAsync(FleetSystem.Consumer, WorkerState.Running);
        await system.CutDatabaseAsync();
        await Until.TrueAsync(
            async () => await system.CountAsync("SELECT count(*) FROM radar.leases WHERE until > clock_timestamp() - interval '6 seconds'") == 0,
            system.LogsAsync);
        Assert.True(before.Process!.Value.IsAlive);
        system.RestoreDatabase();
        var after = await system.UntilAsync(
            FleetSystem.Consumer, w => w.HeartbeatAt > before.HeartbeatAt!.Value.AddSeconds(6) && w.Actual == WorkerState.Running, "its heartbeat again");
        Assert.Equal((before.Pid, before.Epoch, 0), (after.Pid, after.Epoch, after.Restarts));
        await system.AskAsync(FleetSystem.Consumer, DesiredState.Delete);
        await system.UntilAsync(FleetSystem.Consumer, WorkerState.Deleted);
    }

    [Fact]
    public async Task Worker_TerminatedWhileItsDatabaseIsAway_Ends()
    {
        await using var system = await FleetSystem.CreateAsync(postgres);
        await system.StartWorkerAsync(FleetSystem.Consumer);
        var worker = system.Start("worker", ["prediction-consumer", "--worker", FleetSystem.Consumer.Value, "--agent", "x"]);
        await system.UntilAsync(FleetSystem.Consumer, WorkerState.Running);
        await system.CutDatabaseAsync();
        FleetSystem.Signal(worker.Id, 15);
        await worker.WaitForExitAsync();
        Assert.Equal(ExitCodes.Done, worker.ExitCode);
        system.RestoreDatabase();
    }

    [Fact]
    public async Task Worker_NoDatabaseAtStart_ByHandEndsWithTheReason_UnderAnAgentWaits()
    {
        await using var system = await FleetSystem.CreateAsync(postgres);
        await system.StartWorkerAsync(FleetSystem.Consumer);
        await system.CutDatabaseAsync();
        var byHand = system.Start("by-hand", ["prediction-consumer", "--worker", FleetSystem.Consumer.Value]);
        await byHand.WaitForExitAsync();
        Assert.Equal(ExitCodes.Unavailable, byHand.ExitCode);
        Assert.Contains("Radar:Database", await system.LogsAsync(), StringComparison.Ordinal);
        system.Start("waiting", ["prediction-consumer", "--worker", FleetSystem.Consumer.Value, "--agent", "x"]);
        await Until.TrueAsync(
            async () => File.Exists(Path.Combine(system.Folder, "waiting.log"))
                && (await File.ReadAllTextAsync(Path.Combine(system.Folder, "waiting.log"))).Contains("Waiting for PostgreSQL", StringComparison.Ordinal),
            system.LogsAsync);
        system.RestoreDatabase();
        await system.UntilAsync(FleetSystem.Consumer, WorkerState.Running);
    }

    [Fact]
    public async Task Worker_SecondProcessOfTheSame_GivesUpWithoutWriting()
    {
        await using var system = await FleetSystem.CreateAsync(postgres);
        var first = system.Start("first", ["prediction-consumer", "--worker", FleetSystem.Consumer.Value, "--register"]);
        var running = await system.UntilAsync(FleetSystem.Consumer, WorkerState.Running);
        var second = system.Start("second", ["prediction-consumer", "--worker", FleetSystem.Consumer.Value]);
        await second.WaitForExitAsync();
        Assert.Equal(ExitCodes.Held, second.ExitCode);
        Assert.Equal(running.Epoch, (await system.UntilAsync(FleetSystem.Consumer, WorkerState.Running)).Epoch);
    }
}
