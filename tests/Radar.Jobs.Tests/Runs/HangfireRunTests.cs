using Npgsql;
using Radar.Jobs.Hangfire;
using Radar.Jobs.Runs;
using Radar.Testing;

namespace Radar.Jobs.Tests.Runs;

public sealed class HangfireRunTests(PostgresFixture postgres) : RunContract(postgres, "Hangfire")
{
    protected override Task<IReadOnlyList<string>> AuditEngineAsync(NpgsqlDataSource database) => HangfireAudit.FindAsync(database, default);

    [Fact]
    public async Task Run_StaticEdges_AreContinuationsAndNoTaskHasTwoJobs()
    {
        await using var node = await StartAsync();
        Assert.Equal(RunState.Succeeded, (await node.EndedAsync(await node.RunAsync("spread", ("items", "a,b,c")))).Run.State);
        Assert.Equal(RunState.Succeeded, (await node.EndedAsync(await node.RunAsync("chain"))).Run.State);

        Assert.Equal(
            ["chain / second (run 2)", "chain / third (run 2)", "spread / after-each[a] (run 1)", "spread / after-each[b] (run 1)", "spread / after-each[c] (run 1)"],
            await Database.ColumnAsync("""
                SELECT DISTINCT trim('"' FROM j.arguments->>2) FROM radar_hangfire.job j JOIN radar_hangfire.state s ON s.jobid = j.id AND s.name = 'Awaiting' ORDER BY 1
                """));
        Assert.Empty(await Database.ColumnAsync("SELECT arguments->>2 FROM radar_hangfire.job GROUP BY arguments->>1, 1 HAVING count(*) > 1"));
    }

    [Fact]
    public async Task Start_LockOfAKilledNodeLeftBehind_WaitsForItsEndAndIsReady()
    {
        await (await StartAsync()).DisposeAsync();
        await Database.ExecuteAsync("INSERT INTO radar_hangfire.lock (resource, updatecount, acquired) VALUES ('radar_hangfire:lock:recurring-job:gated', 0, now())");
        var settings = Settings("second");
        settings["Radar:Hangfire:Lock"] = "00:00:20"; // Longer than Hangfire itself waits for it.
        await using var node = await Node.StartAsync(settings);
        Assert.Equal(RunState.Succeeded, (await node.EndedAsync(await node.RunAsync("chain"))).Run.State);
    }
}
