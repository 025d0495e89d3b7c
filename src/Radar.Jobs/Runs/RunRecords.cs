namespace Radar.Jobs.Runs;

/// <summary>Why a run was made.</summary>
public enum RunCause
{
    /// <summary>Its time had come.</summary>
    Schedule,

    /// <summary>A person asked on the page or the command line.</summary>
    Manual,

    /// <summary>Part of a backfill.</summary>
    Backfill,

    /// <summary>A program asked.</summary>
    Api,

    /// <summary>Another run asked.</summary>
    Dependency,
}

/// <summary>What is true of a run.</summary>
public enum RunState
{
    /// <summary>Waits for another run to end.</summary>
    Waiting,

    /// <summary>At work.</summary>
    Running,

    /// <summary>Cancelled; running tasks are stopping.</summary>
    Cancelling,

    /// <summary>All tasks succeeded, or were skipped on purpose.</summary>
    Succeeded,

    /// <summary>A task failed.</summary>
    Failed,

    /// <summary>Cancelled.</summary>
    Cancelled,
}

/// <summary>What is true of a task of a run.</summary>
public enum TaskState
{
    /// <summary>Waits for its parents.</summary>
    Pending,

    /// <summary>May run; the engine has it, or is owed it.</summary>
    Ready,

    /// <summary>A node holds its lease.</summary>
    Running,

    /// <summary>Failed and rests before the next try.</summary>
    Retrying,

    /// <summary>Done.</summary>
    Succeeded,

    /// <summary>Failed for good.</summary>
    Failed,

    /// <summary>Not run, because a parent did not succeed.</summary>
    Skipped,

    /// <summary>Stopped, or not begun, because the run was cancelled.</summary>
    Cancelled,
}

/// <summary>Groups of states.</summary>
public static class RunStates
{
    /// <summary>The run has ended.</summary>
    public static bool IsTerminal(this RunState state) => state is RunState.Succeeded or RunState.Failed or RunState.Cancelled;

    /// <summary>The task has ended.</summary>
    public static bool IsTerminal(this TaskState state) =>
        state is TaskState.Succeeded or TaskState.Failed or TaskState.Skipped or TaskState.Cancelled;
}

/// <summary>A run, without its tasks. Times are UTC.</summary>
public sealed record RunSummary
{
    /// <summary>The run.</summary>
    public required long RunId { get; init; }

    /// <summary>The workflow's name.</summary>
    public required string Workflow { get; init; }

    /// <summary>Why it was made.</summary>
    public required RunCause Cause { get; init; }

    /// <summary>Who asked.</summary>
    public required string RequestedBy { get; init; }

    /// <summary>The time it was planned for, when a schedule made it.</summary>
    public DateTimeOffset? PlannedAt { get; init; }

    /// <summary>Parameters as JSON.</summary>
    public required string Parameters { get; init; }

    /// <summary>Its state.</summary>
    public required RunState State { get; init; }

    /// <summary>Why it failed, was cancelled or waits.</summary>
    public string? Reason { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When its first task was allowed to run.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Tasks known so far; a fan-out adds to them.</summary>
    public required int Tasks { get; init; }

    /// <summary>Tasks that have ended.</summary>
    public required int TasksEnded { get; init; }
}

/// <summary>A task of a run. Times are UTC.</summary>
public sealed record TaskSummary
{
    /// <summary>The task's id.</summary>
    public required long TaskId { get; init; }

    /// <summary>Its name, with its instance.</summary>
    public required string Task { get; init; }

    /// <summary>Its name in the graph.</summary>
    public required string Template { get; init; }

    /// <summary>Which instance of the template; null for the template itself.</summary>
    public string? Instance { get; init; }

    /// <summary>Names of parents: templates, or single instances.</summary>
    public required IReadOnlyList<string> Needs { get; init; }

    /// <summary>Its queue.</summary>
    public required string Queue { get; init; }

    /// <summary>Its state.</summary>
    public required TaskState State { get; init; }

    /// <summary>Why it failed, rests or was skipped.</summary>
    public string? Reason { get; init; }

    /// <summary>Tries so far.</summary>
    public required int Attempt { get; init; }

    /// <summary>When it became ready.</summary>
    public DateTimeOffset? ReadyAt { get; init; }

    /// <summary>When its next try may begin.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>When its first try began.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Result as JSON.</summary>
    public string? Result { get; init; }

    /// <summary>0 to 1.</summary>
    public double? Progress { get; init; }

    /// <summary>What it is doing.</summary>
    public string? Activity { get; init; }

    /// <summary>The node that runs it or ran it last.</summary>
    public string? Node { get; init; }

    /// <summary>The engine's id of the job that ran it last, or is to run it.</summary>
    public string? JobId { get; init; }
}

/// <summary>A run with its tasks, in graph order.</summary>
/// <param name="Run">The run.</param>
/// <param name="Tasks">Its tasks.</param>
public sealed record RunDetail(RunSummary Run, IReadOnlyList<TaskSummary> Tasks);

/// <summary>One line of a task's log.</summary>
/// <param name="Id">Ascending; ask for what follows it.</param>
/// <param name="Attempt">The try that wrote it.</param>
/// <param name="At">When, UTC.</param>
/// <param name="Level"><c>info</c>, <c>warn</c> or <c>error</c>.</param>
/// <param name="Message">The text.</param>
public sealed record TaskLogLine(long Id, int Attempt, DateTimeOffset At, string Level, string Message);
