namespace Radar.Jobs.Workflows;

/// <summary>What a task does. Its small result is stored as JSON with the task.</summary>
/// <param name="context">The run, the attempt, a log and services.</param>
/// <param name="cancellationToken">Signalled on shutdown, at the task's deadline, when the run is cancelled and when the lease is lost.</param>
public delegate Task<object?> TaskBody(TaskContext context, CancellationToken cancellationToken);

/// <summary>Finds the instances of a fanned-out task, when its parents have ended.</summary>
/// <param name="context">The run, the attempt, a log and services.</param>
/// <param name="cancellationToken">As for <see cref="TaskBody"/>.</param>
public delegate Task<IReadOnlyList<string>> TaskInstances(TaskContext context, CancellationToken cancellationToken);

/// <summary>When a task with parents runs.</summary>
public enum RunsWhen
{
    /// <summary>All parents succeeded; else the task is skipped.</summary>
    Succeeded,

    /// <summary>All parents ended, whatever came of them.</summary>
    Ended,
}

/// <summary>The queues, which never starve each other.</summary>
public static class Queues
{
    /// <summary>Work on the fleet: short, or waiting.</summary>
    public const string Control = "control";

    /// <summary>Everything else.</summary>
    public const string Default = "default";

    /// <summary>Heavy work: backfills, reconciliation.</summary>
    public const string Batch = "batch";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [Control, Default, Batch];
}

/// <summary>One node of a workflow's graph, as written by us.</summary>
public sealed record TaskSpec
{
    /// <summary>Its name, unique in the workflow: small letters, digits and dashes.</summary>
    public required string Name { get; init; }

    /// <summary>What it does; for a fanned-out task, what each instance does.</summary>
    public required TaskBody Body { get; init; }

    /// <summary>Names of its parents. Of a fanned-out parent all instances must have ended.</summary>
    public IReadOnlyList<string> Needs { get; init; } = [];

    /// <summary>
    /// Set for a fan-out: the task itself finds the instances, then <c>name[instance]</c> runs once for each of them.
    /// </summary>
    public TaskInstances? Instances { get; init; }

    /// <summary>
    /// Set for a task that follows each instance of a fanned-out one: <c>wait[x]</c> begins when <c>start[x]</c> has ended, whatever the
    /// other instances do.
    /// </summary>
    public string? ForEach { get; init; }

    /// <summary>When it runs. The default is <see cref="RunsWhen.Succeeded"/>.</summary>
    public RunsWhen When { get; init; } = RunsWhen.Succeeded;

    /// <summary>One of <see cref="Queues"/>. The default is <c>default</c>.</summary>
    public string Queue { get; init; } = Queues.Default;

    /// <summary>Tries. The default is three.</summary>
    public RetryPolicy Retry { get; init; } = RetryPolicy.Default;

    /// <summary>How long one attempt may take before it is stopped and counts as failed. The default is 10 minutes.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromMinutes(10);
}
