using Radar.Jobs.Workflows;

namespace Radar.Jobs.Runs;

/// <summary>What the planner looks at.</summary>
internal sealed record PlannedTask(
    long TaskId, string Task, string Template, IReadOnlyList<string> Needs, RunsWhen When, TaskState State, string? Reason)
{
    /// <summary>Its queue.</summary>
    public string Queue { get; init; } = Queues.Default;

    /// <summary>Tries so far.</summary>
    public int Attempt { get; init; }

    /// <summary>The engine's id of its job, if it has one.</summary>
    public string? JobId { get; init; }

    /// <summary>Its job is, or is about to be, a continuation of its only parent's.</summary>
    public bool Chained { get; init; }

    /// <summary>It finds its instances when it runs.</summary>
    public bool FansOut { get; init; }
}

/// <summary>What follows from it.</summary>
/// <param name="Ready">Tasks that may run now.</param>
/// <param name="Skipped">Tasks that never will, and why.</param>
/// <param name="End">The state the run ends in, or null: it goes on.</param>
/// <param name="Reason">Why the run did not succeed.</param>
internal sealed record RunPlan(
    IReadOnlyList<PlannedTask> Ready, IReadOnlyList<(PlannedTask Task, string Reason)> Skipped, RunState? End, string? Reason);

/// <summary>Decides what follows from the states of a run's tasks. Pure: others carry it out.</summary>
internal static class RunPlanner
{
    public static RunPlan Decide(RunState run, IReadOnlyList<PlannedTask> tasks)
    {
        var states = tasks.ToDictionary(t => t.TaskId, t => t.State);
        var byName = tasks
            .SelectMany(t => (string[])(t.Task == t.Template ? [t.Task] : [t.Task, t.Template]), (t, name) => (name, t))
            .ToLookup(p => p.name, p => p.t);
        var ready = new List<PlannedTask>();
        var skipped = new List<(PlannedTask, string)>();
        if (run == RunState.Running)
        {
            // A skip may lead to further skips: until nothing changes.
            for (var changed = true; changed;)
            {
                changed = false;
                foreach (var task in tasks.Where(t => states[t.TaskId] == TaskState.Pending))
                {
                    var parents = task.Needs.SelectMany(n => byName[n]).Where(p => p.TaskId != task.TaskId).ToList();
                    if (!parents.TrueForAll(p => states[p.TaskId].IsTerminal()))
                    {
                        continue;
                    }

                    changed = true;
                    var bad = parents.Find(p => states[p.TaskId] != TaskState.Succeeded);
                    if (bad is null || task.When == RunsWhen.Ended)
                    {
                        states[task.TaskId] = TaskState.Ready;
                        ready.Add(task);
                    }
                    else
                    {
                        states[task.TaskId] = TaskState.Skipped;
                        skipped.Add((task, $"{bad.Task} {(states[bad.TaskId] == TaskState.Skipped ? "was skipped" : states[bad.TaskId].Word())}"));
                    }
                }
            }
        }

        if (run is not (RunState.Running or RunState.Cancelling) || !states.Values.All(s => s.IsTerminal()))
        {
            return new(ready, skipped, null, null);
        }

        if (run == RunState.Cancelling)
        {
            return new(ready, skipped, RunState.Cancelled, null);
        }

        var failed = tasks.Where(t => states[t.TaskId] == TaskState.Failed).ToList();
        if (failed.Count == 0 && tasks.FirstOrDefault(t => states[t.TaskId] == TaskState.Cancelled) is { } stopped)
        {
            return new(ready, skipped, RunState.Cancelled, $"{stopped.Task}: {stopped.Reason}");
        }

        return failed.Count == 0
            ? new(ready, skipped, RunState.Succeeded, null)
            : new(ready, skipped, RunState.Failed, string.Join("; ", failed.Take(3).Select(t => $"{t.Task}: {t.Reason}"))
                + (failed.Count > 3 ? $"; and {failed.Count - 3} more" : ""));
    }
}
