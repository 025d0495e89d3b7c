using global::Hangfire;
using global::Hangfire.Common;
using global::Hangfire.States;
using Microsoft.Extensions.DependencyInjection;
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
        var settings = Settings("one");
        settings["Radar:Jobs:Unclaimed"] = "00:01:00"; // None is put again because this machine stood still.
        await using var node = await Node.StartAsync(settings);
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

    [Fact]
    public async Task Requeue_OfARunningJob_LetsItsTaskGoOn()
    {
        using var log = new CapturedLog();
        await using var node = await Node.StartAsync(Settings("one"), log.AddTo);
        var run = await node.RunAsync("gated");
        await node.TaskIsAsync(run, "wait", TaskState.Running);
        Requeue(node, await JobAsync(run, "wait"));
        await log.ContainsAsync("although its task is at work here: the task goes on"); // Hangfire has told the job to stop.

        await OpenGateAsync();
        var detail = await node.EndedAsync(run);
        Assert.Equal(RunState.Succeeded, detail.Run.State);
        Assert.Equal(1, detail.Tasks.Single(t => t.Task == "wait").Attempt);
        Assert.Equal(["wait", "wait", "after"], await EffectsAsync());
    }

    [Fact]
    public async Task Requeue_OfAFanOut_AddsNothingTwice()
    {
        await using var node = await StartAsync();
        var run = await node.RunAsync("spread", ("items", "a,b"));
        var before = await node.EndedAsync(run);
        Requeue(node, await JobAsync(run, "each"));
        await Eventually.TrueAsync(async () => (await node.Runs.FindAsync(run, default))!.Tasks.Any(t => t is { Task: "each", Attempt: 2 }), "the second attempt");
        var after = await node.EndedAsync(run);
        Assert.Equal(RunState.Succeeded, after.Run.State);
        Assert.Equal(before.Tasks.Select(t => t.Task), after.Tasks.Select(t => t.Task));
        Assert.Equal(2, after.Tasks.Single(t => t.Task == "each").Attempt);
    }

    [Fact]
    public async Task Requeue_WhileTheRunGoesOn_GivesItsFollowersTheirChance()
    {
        await using var node = await StartAsync();
        var run = await node.RunAsync("forked");
        await node.TaskIsAsync(run, "wait", TaskState.Running);
        await node.TaskIsAsync(run, "after", TaskState.Skipped);
        await Database.ExecuteAsync("INSERT INTO public.may_pass VALUES (true)");
        Requeue(node, await JobAsync(run, "try"));
        await node.TaskIsAsync(run, "after", TaskState.Succeeded);
        await OpenGateAsync();
        Assert.Equal(RunState.Succeeded, (await node.EndedAsync(run)).Run.State);
        Assert.Equal(["after"], await EffectsAsync());
    }

    [Fact]
    public async Task WakeUp_TwoNodes_AWorkerWokenInVainIsWokenAgain()
    {
        await using var one = await Node.StartAsync(ByNotificationAlone("one"));
        await using var two = await Node.StartAsync(ByNotificationAlone("two"));
        for (var round = 1; round <= 6; round++)
        {
            // For each job both nodes wake a worker, and one of the two finds nothing.
            Assert.Equal(RunState.Succeeded, (await one.EndedAsync(await one.RunAsync("chain"))).Run.State);
        }
    }

    private Dictionary<string, string?> ByNotificationAlone(string node)
    {
        var settings = Settings(node);
        settings["Radar:Hangfire:Poll"] = "00:30:00";
        settings["Radar:Hangfire:Default"] = "2";
        return settings;
    }

    // As the button in Hangfire's pages does it.
    private static void Requeue(Node node, string job) => Assert.True(
        new BackgroundJobClient(node.Services.GetRequiredService<JobStorage>(), node.Services.GetRequiredService<IJobFilterProvider>())
            .ChangeState(job, new EnqueuedState { Reason = "Triggered via Dashboard UI" }));

    private Task<string> JobAsync(long run, string task) =>
        Database.ScalarAsync<string>($"SELECT job_id FROM radar.task_runs WHERE run_id = {run} AND task = '{task}'");
}
