using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using Radar.Jobs.Engine;
using Radar.Jobs.Runs;
using Radar.Jobs.TestNode;
using Radar.Testing;

namespace Radar.Jobs.Tests.Runs;

/// <summary>Runs on an engine: what holds whatever the engine is.</summary>
public abstract class RunContract(PostgresFixture postgres, string engine) : IClassFixture<PostgresFixture>, IAsyncLifetime
{
    private NpgsqlDataSource _database = null!;

    public async Task InitializeAsync()
    {
        _database = await postgres.CreateDatabaseAsync();
        await _database.ExecuteAsync(Effects.Schema);
    }

    /// <summary>Whatever a test did, nothing is left that cannot be.</summary>
    public async Task DisposeAsync()
    {
        if (await _database.ScalarAsync<bool>("SELECT to_regclass('radar.workflow_runs') IS NOT NULL"))
        {
            Assert.Empty(await new RunAudit(_database).FindAsync(default));
            Assert.Empty(await AuditEngineAsync(_database));
        }
    }

    /// <summary>The test's database.</summary>
    private protected NpgsqlDataSource Database => _database;

    /// <summary>What the engine holds that no task needs.</summary>
    protected abstract Task<IReadOnlyList<string>> AuditEngineAsync(NpgsqlDataSource database);

    [Fact]
    public async Task Run_Chain_GoesInOrderWithLogsAndResults()
    {
        await using var node = await StartAsync();
        var run = await node.RunAsync("chain");
        var detail = await node.EndedAsync(run);

        Assert.Equal(RunState.Succeeded, detail.Run.State);
        Assert.Equal(["first", "second", "third"], await EffectsAsync());
        Assert.All(detail.Tasks, t => Assert.Equal((TaskState.Succeeded, 1), (t.State, t.Attempt)));
        Assert.Contains("first", detail.Tasks[0].Result, StringComparison.Ordinal);
        Assert.Equal("hello from second", Assert.Single((await node.Runs.LogsAsync(run, "second", 0, 100, default))!).Message);
        Assert.Null(await node.Runs.LogsAsync(run, "no-such-task", 0, 100, default));
    }

    [Fact]
    public async Task Run_FanOut_FollowsEachInstanceAndJoins()
    {
        await using var node = await StartAsync();
        var detail = await node.EndedAsync(await node.RunAsync("spread", ("items", "a,b,c")));

        Assert.Equal(RunState.Succeeded, detail.Run.State);
        Assert.Equal(
            ["each", "each[a]", "each[b]", "each[c]", "after-each", "after-each[a]", "after-each[b]", "after-each[c]", "join", "always"],
            detail.Tasks.Select(t => t.Task));
        Assert.Equal(["join", "always"], (await EffectsAsync())[^2..]);
    }

    [Fact]
    public async Task Run_OneInstanceFails_TheOthersGoOnAndTheJoinIsSkipped()
    {
        await using var node = await StartAsync();
        var detail = await node.EndedAsync(await node.RunAsync("spread", ("items", "a,bad")));

        Assert.Equal(RunState.Failed, detail.Run.State);
        Assert.Equal("each[bad]: bad is bad", detail.Run.Reason);
        Assert.Equal(TaskState.Succeeded, detail.Tasks.Single(t => t.Task == "after-each[a]").State);
        Assert.Equal((TaskState.Skipped, "after-each[bad] was skipped"), (detail.Tasks.Single(t => t.Task == "join").State, detail.Tasks.Single(t => t.Task == "join").Reason));
        Assert.Equal("always", (await EffectsAsync())[^1]);
    }

    [Fact]
    public async Task Run_FanOutOfNothing_JoinsAtOnce()
    {
        await using var node = await StartAsync();
        Assert.Equal(RunState.Succeeded, (await node.EndedAsync(await node.RunAsync("spread", ("items", "")))).Run.State);
    }

    [Theory]
    [InlineData(2, RunState.Succeeded, 3)]
    [InlineData(5, RunState.Failed, 3)]
    public async Task Run_FailingTask_IsRetriedAfterItsRest(int failures, RunState end, int attempts)
    {
        await using var node = await StartAsync();
        var detail = await node.EndedAsync(await node.RunAsync("flaky", ("failures", $"{failures}")));

        Assert.Equal((end, attempts), (detail.Run.State, detail.Tasks[0].Attempt));
        var rests = await _database.ColumnAsync(
            "SELECT extract(epoch FROM at - lag(at) OVER (ORDER BY id))::float8 >= CASE WHEN attempt = 2 THEN 0.3 ELSE 0.6 END FROM public.effects ORDER BY id OFFSET 1");
        Assert.Equal(["True", "True"], rests);
        Assert.Equal(["failed", "failed", end == RunState.Failed ? "failed" : "succeeded"],
            await _database.ColumnAsync("SELECT outcome FROM radar.task_attempts ORDER BY attempt"));
    }

    [Fact]
    public async Task Trigger_DoubleClick_DoesNothingTwice()
    {
        await using var node = await StartAsync();
        var clicks = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => node.Workflows.TriggerAsync("gated", RunCause.Manual, "test", null, default)));

        Assert.Single(clicks, c => c.Created);
        Assert.Single(clicks.Select(c => c.RunId).Distinct());
        await OpenGateAsync();
        await node.EndedAsync(clicks[0].RunId);
        Assert.True((await node.Workflows.TriggerAsync("gated", RunCause.Manual, "test", null, default)).Created);
    }

    [Fact]
    public async Task TriggerPlanned_SameTimeTwice_MakesOneRun()
    {
        await using var node = await StartAsync();
        var planned = new DateTimeOffset(2026, 1, 2, 3, 4, 0, TimeSpan.Zero);
        var first = await node.Workflows.TriggerPlannedAsync("chain", planned, default);
        await node.EndedAsync(first.RunId);

        Assert.Equal(new TriggerResult(first.RunId, false), await node.Workflows.TriggerPlannedAsync("chain", planned, default));
    }

    [Fact]
    public async Task Cancel_RunningTask_StopsItAndNothingFollows()
    {
        await using var node = await StartAsync();
        var run = await node.RunAsync("gated");
        await node.TaskIsAsync(run, "wait", TaskState.Running);
        await Eventually.TrueAsync(
            async () => (await node.Runs.LogsAsync(run, "wait", 0, 10, default))!.Any(l => l.Message == "waiting at the gate"), "a live log");
        Assert.Contains("waits for wait (running)", await node.Runs.WhyNotRunningAsync(run, "after", default), StringComparison.Ordinal);

        Assert.True(await node.Runs.CancelAsync(run, "tester", default));
        var detail = await node.EndedAsync(run);
        Assert.Equal((RunState.Cancelled, "cancelled by tester"), (detail.Run.State, detail.Run.Reason));
        Assert.Equal([TaskState.Cancelled, TaskState.Cancelled], detail.Tasks.Select(t => t.State));
        Assert.Equal(["wait"], await EffectsAsync());
        Assert.False(await node.Runs.CancelAsync(run, "tester", default));
    }

    [Fact]
    public async Task Unknown_Workflow_SuggestsTheNearest()
    {
        await using var node = await StartAsync();
        var unknown = await Assert.ThrowsAsync<UnknownWorkflowException>(() => node.Workflows.TriggerAsync("gatet", RunCause.Api, "test", null, default));
        Assert.Contains("Did you mean 'gated'?", unknown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Burst_TwoNodes_CompletesEveryTaskOnce()
    {
        await using var one = await StartAsync("one", unclaimed: "00:00:15"); // A machine that stands still for five seconds is no matter here.
        await using var two = await StartAsync("two", unclaimed: "00:00:15");
        var detail = await one.EndedAsync(await one.RunAsync("burst", ("count", "5000")), seconds: 600);

        Assert.Equal((RunState.Succeeded, 5002), (detail.Run.State, detail.Run.Tasks));
        Assert.Equal(5001, await _database.ScalarAsync<long>("SELECT count(*) FROM public.effects"));
        Assert.Equal(5001, await _database.ScalarAsync<long>("SELECT count(DISTINCT task) FROM public.effects"));
        // None was put twice because it had to wait behind the others, or for its turn to be put at all.
        Assert.Equal(0, await _database.ScalarAsync<long>("SELECT count(*) FROM radar.task_runs WHERE enqueues > 1"));
    }

    [Fact]
    public async Task Put_WhatOthersOvertook_IsPutAgainAndTheQueueBehindItIsNot()
    {
        var run = 0L;
        await using (var before = await StartAsync())
        {
            run = await before.RunAsync("burst", ("count", "300"));
            await before.EndedAsync(run);
        }
        var settings = Settings("one");
        settings["Radar:Jobs:Unclaimed"] = "00:01:00";
        settings["Radar:Hangfire:Batch"] = settings["Radar:Quartz:Batch"] = "0"; // Nothing of that queue begins but what is written here.
        await using (await Node.StartAsync(settings))
        {
            // Of those put twenty minutes ago one has begun; another, put again just now, has begun too: its first job was before all that wait.
            await _database.ExecuteAsync("""
                UPDATE radar.task_attempts SET started_at = now() - CASE WHEN instance IN ('0', '1') THEN interval '0' ELSE interval '1 hour' END
                FROM radar.task_runs t WHERE t.task_id = task_attempts.task_id;
                UPDATE radar.task_runs SET ready_at = now() - interval '20 minutes', enqueues = CASE instance WHEN '1' THEN 2 ELSE 1 END,
                  enqueued_at = now() - CASE instance WHEN '0' THEN interval '10 minutes' WHEN '1' THEN interval '0' WHEN '299' THEN interval '15 minutes' ELSE interval '9 minutes' END,
                  state = CASE WHEN instance IN ('0', '1') THEN state ELSE 'ready' END
                WHERE template = 'item' AND instance <> '';
                UPDATE radar.workflow_runs SET state = 'running', ended_at = NULL
                """);
            await Eventually.TrueAsync(async () => await _database.ScalarAsync<int>("SELECT enqueues FROM radar.task_runs WHERE instance = '299'") == 2, "what was overtaken to be put again");
            Assert.Equal(["1", "299"], await _database.ColumnAsync("SELECT instance FROM radar.task_runs WHERE enqueues > 1 AND instance <> '' ORDER BY 1"));
        }
        await using var after = await StartAsync();
        Assert.True(await after.Runs.CancelAsync(run, "tester", default));
        await after.EndedAsync(run);
        await Eventually.TrueAsync(async () => (await AuditEngineAsync(_database)).Count == 0, "the engine to be done with what was put");
    }

    [Fact]
    public async Task Cancel_BurstUnderWay_EndsItWhileOthersEndBesideEachOther()
    {
        await using var one = await StartAsync("one");
        await using var two = await StartAsync("two");
        var run = await one.RunAsync("burst", ("count", "2000"));
        await Eventually.TrueAsync(async () => await _database.ScalarAsync<long>("SELECT count(*) FROM public.effects") > 100, "a hundred to have run");

        Assert.True(await two.Runs.CancelAsync(run, "tester", default));
        var detail = await one.EndedAsync(run);
        Assert.Equal((RunState.Cancelled, "cancelled by tester"), (detail.Run.State, detail.Run.Reason));
        Assert.Equal(["cancelled", "succeeded"], await _database.ColumnAsync("SELECT DISTINCT state FROM radar.task_runs ORDER BY 1"));
        Assert.Equal(0, await _database.ScalarAsync<long>("SELECT count(*) FROM public.effects WHERE task = 'join'"));
        // Who was still putting them puts the rest: each finds its task cancelled when it comes up.
        await Eventually.TrueAsync(async () => (await AuditEngineAsync(_database)).Count == 0, "the engine to be done with what was put", seconds: 120);
    }

    [Fact]
    public async Task Kill9_NodeMidTask_AnotherNodeTakesOver()
    {
        await using var victim = NodeProcess.Start(Quick("victim"));
        await Eventually.TrueAsync(async () => await _database.ScalarAsync<bool>("SELECT to_regclass('radar.nodes') IS NOT NULL"), "the schema");
        await Eventually.TrueAsync(async () => await _database.ScalarAsync<long>("SELECT count(*) FROM radar.nodes") == 1, "the victim to live");
        var run = 0L;
        await using (var standby = await Node.StartAsync(Quick("starter")))
        {
            run = await standby.RunAsync("gated");
            await standby.TaskIsAsync(run, "wait", TaskState.Running);
        }

        // The starter has stopped: if it had the task, it handed it over.
        await Eventually.TrueAsync(async () => await _database.ScalarAsync<long>(
            "SELECT count(*) FROM radar.task_runs WHERE node = 'victim' AND state = 'running'") == 1, "the victim to hold the task");
        var attempt = await _database.ScalarAsync<int>("SELECT attempt FROM radar.task_runs WHERE task = 'wait'");
        await victim.KillAsync();

        await using var rescuer = await Node.StartAsync(Quick("rescuer"));
        await Eventually.TrueAsync(async () => await _database.ScalarAsync<long>(
            "SELECT count(*) FROM radar.task_runs WHERE node = 'rescuer' AND state = 'running'") == 1, "the rescuer to hold the task");
        await OpenGateAsync();
        var detail = await rescuer.EndedAsync(run);
        Assert.Equal(RunState.Succeeded, detail.Run.State);
        Assert.Equal(1, await _database.ScalarAsync<long>("SELECT count(*) FROM public.effects WHERE effect = 'passed'"));
        // The lease ended, and the next attempt was the rescuer's.
        Assert.Equal(attempt + 1, detail.Tasks.Single(t => t.Task == "wait").Attempt);
        Assert.Equal([$"{attempt} victim lost", $"{attempt + 1} rescuer succeeded"], await _database.ColumnAsync(
            $"SELECT a.attempt || ' ' || a.node || ' ' || a.outcome FROM radar.task_attempts a JOIN radar.task_runs t USING (task_id) WHERE t.task = 'wait' AND a.attempt >= {attempt} ORDER BY 1"));
    }

    [Fact]
    public async Task Stop_TaskEndsMeanwhile_IsNotRunAgainAndItsChildFollows()
    {
        var run = 0L;
        await using (var stopping = await StartAsync())
        {
            run = await stopping.RunAsync("deaf");
            await Eventually.TrueAsync(async () => (await EffectsAsync()).Count == 1, "the task to be at work");
        }

        await using var next = await StartAsync();
        var detail = await next.EndedAsync(run);
        Assert.Equal(RunState.Succeeded, detail.Run.State);
        Assert.Equal(["slow", "after"], await EffectsAsync());
    }

    [Fact]
    public async Task LostLease_ThreeTimes_FailsWithThatReason()
    {
        await using var node = await StartAsync();
        var run = await node.RunAsync("gated");
        for (var time = 1; time <= 3; time++)
        {
            await Eventually.TrueAsync(async () => await _database.ScalarAsync<long>(
                $"SELECT count(*) FROM radar.task_runs WHERE task = 'wait' AND state = 'running' AND attempt = {time}") == 1, $"attempt {time}");
            // As if its node had gone: another token, and a lease that is over.
            await _database.ExecuteAsync("UPDATE radar.task_runs SET token = gen_random_uuid(), node = 'gone', lease_until = now() - interval '1 s' WHERE task = 'wait'");
        }

        var detail = await node.EndedAsync(run);
        Assert.Equal(RunState.Failed, detail.Run.State);
        Assert.Contains("node gone was lost, the 3. time", detail.Run.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Database_AwayForTwentySeconds_TheRunGoesOnAfterwards()
    {
        var server = new NpgsqlConnectionStringBuilder(_database.SettingOf());
        await using var proxy = new TcpProxy(server.Host!, server.Port);
        var settings = Quick("behind-proxy");
        settings["Radar:Database"] = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Host = "127.0.0.1", Port = proxy.Port }.ConnectionString;
        await using var node = await Node.StartAsync(settings);
        var run = await node.RunAsync("gated");
        await node.TaskIsAsync(run, "wait", TaskState.Running);

        await proxy.CutAsync();
        await OpenGateAsync(); // Beside the proxy.
        await Task.Delay(TimeSpan.FromSeconds(20), TimeProvider.System); // The outage itself: longer than a lease.
        proxy.Restore();

        await Eventually.TrueAsync(
            async () => await _database.ScalarAsync<string>($"SELECT state FROM radar.workflow_runs WHERE run_id = {run}") == "succeeded", "the run to succeed");
        Assert.Equal(1, await _database.ScalarAsync<long>("SELECT count(*) FROM public.effects WHERE effect = 'passed'"));
        Assert.Equal(0, await _database.ScalarAsync<long>("SELECT count(*) FROM radar.task_attempts WHERE outcome = 'lost'")); // Its node never was.
        Assert.Equal(RunState.Succeeded, (await node.EndedAsync(await node.RunAsync("chain"))).Run.State);
    }

    [Fact]
    public async Task Claim_WhoseAnswerWasLost_IsFoundAgainByItsToken()
    {
        await using var node = await StartAsync();
        var run = await node.RunAsync("gated");
        await node.TaskIsAsync(run, "wait", TaskState.Running);
        var claims = node.Services.GetRequiredService<TaskClaims>();
        var payload = new TaskPayload(run, await _database.ScalarAsync<long>("SELECT task_id FROM radar.task_runs WHERE task = 'wait'"));
        var token = await _database.ScalarAsync<Guid>("SELECT token FROM radar.task_runs WHERE task = 'wait'");

        Assert.Equal((token, 1), ((await claims.TryClaimAsync(payload, token, default)).Claim!.Token, (await claims.TryClaimAsync(payload, token, default)).Claim!.Attempt));
        Assert.IsType<Delivery.Again>((await claims.TryClaimAsync(payload, Guid.NewGuid(), default)).Instead);
        await OpenGateAsync();
        Assert.Equal(RunState.Succeeded, (await node.EndedAsync(run)).Run.State);
    }

    [Fact]
    public async Task Fire_DatabaseAway_MakesTheRunWhenItIsBack()
    {
        var server = new NpgsqlConnectionStringBuilder(_database.SettingOf());
        await using var proxy = new TcpProxy(server.Host!, server.Port);
        var settings = Settings("behind-proxy");
        settings["Radar:Database"] = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Host = "127.0.0.1", Port = proxy.Port }.ConnectionString;
        using var log = new CapturedLog();
        await using var node = await Node.StartAsync(settings, log.AddTo);

        await proxy.CutAsync();
        var fire = node.Services.GetRequiredService<IEngineWork>().FireAsync("chain", byHand: true, default);
        await log.ContainsAsync("waiting to make a run");
        proxy.Restore();
        Assert.Equal(RunState.Succeeded, (await node.EndedAsync((await fire)!.Value)).Run.State);
    }

    [Fact]
    public async Task Requeue_WhileTheRunIsCancelledOrWaits_IsRefused()
    {
        await using var node = await StartAsync();
        var run = await node.RunAsync("chain");
        var task = (await node.EndedAsync(run)).Tasks[0];
        foreach (var state in (string[])["cancelling", "waiting"])
        {
            await _database.ExecuteAsync($"UPDATE radar.workflow_runs SET state = '{state}', waits_for = ARRAY[run_id] WHERE run_id = {run}");
            var refused = await Assert.ThrowsAsync<InvalidOperationException>(
                () => node.Services.GetRequiredService<IEngineSteering>().RequeuedAsync(new(run, task.TaskId), task.JobId!, default));
            Assert.Contains($"chain run {run} is {state}: its task can be requeued when it has ended", refused.Message, StringComparison.Ordinal);
        }

        await _database.ExecuteAsync("UPDATE radar.workflow_runs SET state = 'succeeded'");
    }

    [Fact]
    public async Task Run_WordsThatPostgresCannotStore_AreStoredWithoutThem()
    {
        await using var node = await StartAsync();
        var run = await node.RunAsync("odd");
        var detail = await node.EndedAsync(run);

        Assert.Equal(RunState.Failed, detail.Run.State);
        Assert.All(detail.Tasks, t => Assert.Equal(1, t.Attempt));
        var (result, reason, instances) = (detail.Tasks.Single(t => t.Task == "result"), detail.Tasks.Single(t => t.Task == "reason"), detail.Tasks.Single(t => t.Task == "instances"));
        Assert.Equal(@"{""text"": ""a zero  and C:\\u0000""}", result.Result);
        Assert.Equal("a zero  and half a pair \uFFFD in a line", (await node.Runs.LogsAsync(run, "result", 0, 10, default))!.Single().Message);
        Assert.Equal((TaskState.Failed, "a zero  and half a pair \uFFFD"), (reason.State, reason.Reason));
        // What cannot be stored at all is a failure that says so, not a node that seems lost.
        Assert.Equal(TaskState.Failed, instances.State);
        Assert.Contains("How it ended could not be written", instances.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_DatabaseAway_WaitsForIt()
    {
        var server = new NpgsqlConnectionStringBuilder(_database.SettingOf());
        await using var proxy = new TcpProxy(server.Host!, server.Port);
        await proxy.CutAsync();
        var settings = Settings("early");
        settings["Radar:Database"] = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Host = "127.0.0.1", Port = proxy.Port }.ConnectionString;
        using var log = new CapturedLog();
        await using var node = await Node.StartAsync(settings, log.AddTo, waitReady: false);
        await log.ContainsAsync($"PostgreSQL at 127.0.0.1:{proxy.Port} does not answer");
        Assert.False(node.Services.GetRequiredService<Hosting.NodeState>().Ready.IsCompleted);

        proxy.Restore();
        await node.Services.GetRequiredService<Hosting.NodeState>().Ready.WaitAsync(TimeSpan.FromSeconds(90), TimeProvider.System);
        Assert.Equal(RunState.Succeeded, (await node.EndedAsync(await node.RunAsync("chain"))).Run.State);
    }

    [Fact]
    public async Task Engine_AnotherOneRecorded_RefusesAndSwitchesWhenAsked()
    {
        var run = 0L;
        await using (var node = await StartAsync())
        {
            run = await node.RunAsync("gated");
            await node.TaskIsAsync(run, "wait", TaskState.Running);
        }

        await _database.ExecuteAsync("UPDATE radar.engine SET name = 'Other'");
        await using (var refused = await Node.StartAsync(Settings("refused"), waitReady: false))
        {
            var why = await Assert.ThrowsAsync<OtherEngineException>(() => refused.Services.GetRequiredService<Hosting.NodeState>().Ready);
            Assert.Contains("Radar:SwitchEngine=true", why.Message, StringComparison.Ordinal);
        }

        var settings = Settings("switched");
        settings["Radar:SwitchEngine"] = "true";
        await OpenGateAsync();
        await using var switched = await Node.StartAsync(settings);
        Assert.Equal(RunState.Succeeded, (await switched.EndedAsync(run)).Run.State);
        Assert.Equal(engine, await _database.ScalarAsync<string>("SELECT name FROM radar.engine"));
    }

    [Fact]
    public async Task Engine_ChangedWhileANodeWorks_StopsTheNodeWithThatSentence()
    {
        using var log = new CapturedLog();
        await using var node = await Node.StartAsync(Settings("returned"), log.AddTo);
        // As if it had been away while somebody switched.
        await _database.ExecuteAsync("UPDATE radar.engine SET name = 'Other'");
        await Eventually.TrueAsync(
            () => node.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.IsCancellationRequested, "the node to stop");
        await log.ContainsAsync($"This database's jobs are in Other, but Radar:Engine is {engine}.");
        await Eventually.TrueAsync(async () => await _database.ScalarAsync<long>("SELECT count(*) FROM radar.nodes") == 0, "the node to sign off");
    }

    [Fact]
    public async Task Start_EveryWorkflow_IsARecurringTriggerThatDoesNotFire()
    {
        await using var node = await StartAsync();
        var told = (await node.Services.GetRequiredService<IJobEngine>().DescribeAsync(default)).Recurring;
        Assert.Equal(node.Workflows.All.Select(w => w.Name), told.Select(r => r.Workflow));
        Assert.All(told, r => Assert.Null(r.NextAt));
    }

    protected Dictionary<string, string?> Settings(string node) => Node.Settings(_database.SettingOf(), node, engine);

    private protected Task<Node> StartAsync(string name = "one", bool waitReady = true, string unclaimed = "00:00:05")
    {
        var settings = Settings(name);
        settings["Radar:Jobs:Unclaimed"] = unclaimed;
        return Node.StartAsync(settings, waitReady: waitReady);
    }

    // A node whose leases end soon, for tests that wait for that.
    private Dictionary<string, string?> Quick(string node)
    {
        var settings = Settings(node);
        settings["Radar:Jobs:Lease"] = "00:00:04";
        settings["Radar:Jobs:Unclaimed"] = "00:00:02";
        return settings;
    }

    private protected Task OpenGateAsync() => _database.ExecuteAsync("INSERT INTO public.gate VALUES (true)");

    private protected Task<List<string>> EffectsAsync() => _database.ColumnAsync("SELECT task FROM public.effects ORDER BY id");
}
