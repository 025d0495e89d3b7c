using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Radar.Jobs.Engine;
using Radar.Jobs.Hosting;
using Radar.Jobs.Runs;
using Radar.Jobs.Workflows;

namespace Radar.Bench.Engines;

/// <summary>Radar on an engine: runs, tasks, attempts, logs and leases included.</summary>
internal sealed class RadarOn(string engine, string database, string node) : IContender
{
    private IHost? _host;

    public async Task StartAsync(bool works, CancellationToken cancellationToken)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Radar:Database"] = database,
            ["Radar:Engine"] = engine,
            ["Radar:Jobs:Node"] = node,
        });
        // A node that works for nobody still takes jobs of queue batch, of which there are none.
        if (!works)
        {
            builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { [$"Radar:{engine}:Control"] = "0", [$"Radar:{engine}:Default"] = "0" });
        }

        EnginePackages.Choose(engine, null).Add(builder.Services, builder.Configuration);
        builder.Services.AddWorkflow<One>().AddWorkflow<Many>().AddWorkflow<Five>();
        builder.Services.AddRadarJobsNode(builder.Configuration);
        _host = builder.Build();
        await _host.StartAsync(cancellationToken);
        await _host.Services.GetRequiredService<NodeState>().Ready.WaitAsync(TimeSpan.FromMinutes(1), TimeProvider.System, cancellationToken);
    }

    public Task PutAsync(string id, CancellationToken cancellationToken) => TriggerAsync("one", "id", id, cancellationToken);

    public Task PutChainAsync(string id, CancellationToken cancellationToken) => TriggerAsync("five", "id", id, cancellationToken);

    public async Task DrainAsync(int jobs, CancellationToken cancellationToken)
    {
        var ended = $"{Guid.NewGuid():n}";
        await _host!.Services.GetRequiredService<IWorkflows>().TriggerAsync(
            "many", RunCause.Manual, "bench",
            new Dictionary<string, string> { ["count"] = jobs.ToString(CultureInfo.InvariantCulture), ["id"] = ended }, cancellationToken);
        await Beginnings.OfAsync(ended, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_host is not null)
        {
            await _host.StopAsync();
            _host.Dispose();
        }
    }

    private Task<TriggerResult> TriggerAsync(string workflow, string name, string value, CancellationToken cancellationToken) =>
        _host!.Services.GetRequiredService<IWorkflows>().TriggerAsync(
            workflow, RunCause.Manual, "bench", new Dictionary<string, string> { [name] = value }, cancellationToken);

    private static TaskSpec Task(string name, TaskBody body, params string[] needs) => new() { Name = name, Needs = needs, Body = body };

    private static readonly TaskBody Nothing = (_, _) => System.Threading.Tasks.Task.FromResult<object?>(null);

    private static readonly TaskBody Note = (context, _) =>
    {
        Beginnings.Note(context.Parameters["id"]);
        return System.Threading.Tasks.Task.FromResult<object?>(null);
    };

    private sealed class One : IWorkflowSource
    {
        public Workflow Build() => new() { Name = "one", Description = "One task.", MaxActiveRuns = int.MaxValue, Tasks = [Task("note", Note)] };
    }

    private sealed class Many : IWorkflowSource
    {
        public Workflow Build() => new()
        {
            Name = "many",
            Description = "Many independent tasks, and one when all have ended.",
            MaxActiveRuns = int.MaxValue,
            Tasks =
            [
                Task("item", Nothing) with
                {
                    Instances = (context, _) => System.Threading.Tasks.Task.FromResult<IReadOnlyList<string>>(
                        [.. Enumerable.Range(0, int.Parse(context.Parameters["count"], CultureInfo.InvariantCulture)).Select(i => $"{i}")]),
                },
                Task("ended", Note, "item"),
            ],
        };
    }

    private sealed class Five : IWorkflowSource
    {
        public Workflow Build() => new()
        {
            Name = "five",
            Description = "Five tasks in a row.",
            MaxActiveRuns = int.MaxValue,
            Tasks = [Task("a", Nothing), Task("b", Nothing, "a"), Task("c", Nothing, "b"), Task("d", Nothing, "c"), Task("e", Note, "d")],
        };
    }
}
