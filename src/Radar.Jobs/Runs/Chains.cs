using Radar.Jobs.Engine;
using Radar.Jobs.Workflows;

namespace Radar.Jobs.Runs;

/// <summary>A job, and those that are to run when it has succeeded.</summary>
internal sealed record ChainedJob(EngineJob Job, IReadOnlyList<ChainedJob> Then);

/// <summary>Finds edges that an engine can follow by itself: from a task to one that waits for nothing else.</summary>
internal sealed class Chains(IEnumerable<PlannedTask> tasks)
{
    private readonly ILookup<string, PlannedTask> _after = tasks
        .Where(t => t is { State: TaskState.Pending, When: RunsWhen.Succeeded, Chained: false, Needs.Count: 1 })
        .ToLookup(t => t.Needs[0]);

    /// <summary>Tasks whose only parent this is.</summary>
    public IEnumerable<PlannedTask> After(PlannedTask parent) => parent.FansOut ? [] : _after[parent.Task];
}
