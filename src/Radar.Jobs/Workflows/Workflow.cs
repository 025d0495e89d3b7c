namespace Radar.Jobs.Workflows;

/// <summary>When a workflow runs by itself.</summary>
/// <param name="Cron">Unix cron with 5 fields, or 6 with seconds first; Sunday is 0 or 7.</param>
/// <param name="TimeZone">IANA name of the zone the fields are read in.</param>
/// <param name="MissedFires">What to do about fires that were missed while no node ran.</param>
public sealed record Schedule(string Cron, string TimeZone = "Etc/UTC", MissedFires MissedFires = MissedFires.RunNewest);

/// <summary>What to do about missed fires.</summary>
public enum MissedFires
{
    /// <summary>Make one run, for the newest of them.</summary>
    RunNewest,

    /// <summary>Make none; wait for the next.</summary>
    Skip,
}

/// <summary>A named graph of tasks.</summary>
public sealed record Workflow
{
    /// <summary>Its name: small letters, digits and dashes.</summary>
    public required string Name { get; init; }

    /// <summary>What it is for, in a sentence.</summary>
    public required string Description { get; init; }

    /// <summary>The tasks, in the order in which people think of them.</summary>
    public required IReadOnlyList<TaskSpec> Tasks { get; init; }

    /// <summary>Other names it answers to.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>When it runs by itself; null: only when it is asked to.</summary>
    public Schedule? Schedule { get; init; }

    /// <summary>Runs at a time. A trigger beyond it gets the active run back. The default is 1.</summary>
    public int MaxActiveRuns { get; init; } = 1;

    /// <summary>
    /// Workflows that give way: a trigger of this one cancels their active runs and begins when those have ended; a run of theirs asked
    /// for meanwhile waits until this one has ended.
    /// </summary>
    public IReadOnlyList<string> Preempts { get; init; } = [];
}

/// <summary>Where workflows come from: one class per workflow.</summary>
public interface IWorkflowSource
{
    /// <summary>The workflow. Called once at start.</summary>
    Workflow Build();
}
