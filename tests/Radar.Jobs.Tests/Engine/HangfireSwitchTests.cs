using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Radar.Jobs.Engine;
using Radar.Jobs.Hosting;
using Radar.Jobs.Runs;
using Radar.Jobs.TestNode;
using Radar.Testing;

namespace Radar.Jobs.Tests.Engine;

/// <summary>A database changes its engine, and changes back.</summary>
public sealed class HangfireSwitchTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task Switch_ThereAndBack_LosesNoQueuedWorkAndKeepsEachTriggerOnce()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        await database.ExecuteAsync(Effects.Schema);
        long run;
        await using (var quartz = await Node.StartAsync(Settings(database, "Quartz", false)))
        {
            run = await quartz.RunAsync("gated");
            await quartz.TaskIsAsync(run, "wait", TaskState.Running);
        }

        await using (var refused = await Node.StartAsync(Settings(database, "Hangfire", false), waitReady: false))
        {
            var why = await Assert.ThrowsAsync<OtherEngineException>(() => refused.Services.GetRequiredService<NodeState>().Ready);
            Assert.Contains("Radar:SwitchEngine=true", why.Message, StringComparison.Ordinal);
        }

        await using (var hangfire = await Node.StartAsync(Settings(database, "Hangfire", true)))
        {
            await hangfire.TaskIsAsync(run, "wait", TaskState.Running);
            await AssertTriggersAsync(hangfire);
        }

        await database.ExecuteAsync("INSERT INTO public.gate VALUES (true)");
        await using var back = await Node.StartAsync(Settings(database, "Quartz", true));
        Assert.Equal(RunState.Succeeded, (await back.EndedAsync(run)).Run.State);
        Assert.Equal(["after", "wait"], await database.ColumnAsync("SELECT task FROM public.effects WHERE effect IN ('passed', 'after') ORDER BY task"));
        await AssertTriggersAsync(back);
    }

    private static async Task AssertTriggersAsync(Node node) => Assert.Equal(
        node.Workflows.All.Select(w => w.Name).Order(),
        (await node.Services.GetRequiredService<IJobEngine>().DescribeAsync(default)).Recurring.Select(r => r.Workflow).Order());

    private static Dictionary<string, string?> Settings(NpgsqlDataSource database, string engine, bool switches)
    {
        var settings = Node.Settings(database.SettingOf(), "one", engine);
        settings["Radar:SwitchEngine"] = switches ? "true" : null;
        return settings;
    }
}
