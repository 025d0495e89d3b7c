using Radar.Jobs.Workflows;

namespace Radar.Jobs.Runs;

/// <summary>The answer to a trigger.</summary>
/// <param name="RunId">The run.</param>
/// <param name="Created">False when it was active already: nothing was done twice.</param>
public readonly record struct TriggerResult(long RunId, bool Created);

/// <summary>The workflows this build has, and how to run one.</summary>
public interface IWorkflows
{
    /// <summary>All of them, by name.</summary>
    IReadOnlyList<Workflow> All { get; }

    /// <summary>One by name or alias, or null.</summary>
    Workflow? Find(string nameOrAlias);

    /// <summary>
    /// Makes a run. Where the workflow has as many active runs as it may, the newest of them is the answer. Runs of workflows it
    /// pre-empts are cancelled; it waits until they have ended, and for active runs of workflows that pre-empt it.
    /// </summary>
    /// <exception cref="UnknownWorkflowException">There is no such workflow; the message suggests the nearest name.</exception>
    Task<TriggerResult> TriggerAsync(
        string nameOrAlias,
        RunCause cause,
        string by,
        IReadOnlyDictionary<string, string>? parameters,
        CancellationToken cancellationToken);

    /// <summary>Makes the run a schedule asks for; the planned time makes it unique.</summary>
    Task<TriggerResult> TriggerPlannedAsync(string name, DateTimeOffset plannedAt, CancellationToken cancellationToken);
}

/// <summary>No workflow has that name.</summary>
public sealed class UnknownWorkflowException(string message) : Exception(message);
