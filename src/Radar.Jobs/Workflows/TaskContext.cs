using System.Text.Json.Nodes;

namespace Radar.Jobs.Workflows;

/// <summary>What a task body is given.</summary>
public abstract class TaskContext
{
    /// <summary>The run.</summary>
    public abstract long RunId { get; }

    /// <summary>The workflow's name.</summary>
    public abstract string Workflow { get; }

    /// <summary>The task's name, with its instance: <c>start-consumer[BTCUSDT/tst/v1]</c>.</summary>
    public abstract string Task { get; }

    /// <summary>Which instance this is; null for a task that is not fanned out.</summary>
    public abstract string? Instance { get; }

    /// <summary>1 for the first try.</summary>
    public abstract int Attempt { get; }

    /// <summary>The run's parameters.</summary>
    public abstract IReadOnlyDictionary<string, string> Parameters { get; }

    /// <summary>Services of this attempt's scope.</summary>
    public abstract IServiceProvider Services { get; }

    /// <summary>Who acts, for records of who asked: <c>start-fleet run 12</c>.</summary>
    public string By => $"{Workflow} run {RunId}";

    /// <summary>Writes a line to the task's log, which people read while the task runs.</summary>
    public abstract void Log(string message);

    /// <summary>Writes a warning to the task's log.</summary>
    public abstract void Warn(string message);

    /// <summary>Says how far the task is (0 to 1; null: cannot be told) and what it is doing.</summary>
    public abstract void Report(double? progress, string activity);

    /// <summary>The result of a task of this run that has ended, or null.</summary>
    public abstract Task<JsonNode?> ResultOfAsync(string task, CancellationToken cancellationToken);
}

/// <summary>The task cannot succeed; a further try would not help.</summary>
public sealed class TaskFailedException(string message, Exception? cause = null) : Exception(message, cause);
