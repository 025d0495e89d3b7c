namespace Radar.Jobs.Runs;

/// <summary>What has run, runs and will run: for pages, the API and the command line.</summary>
public interface IRuns
{
    /// <summary>Runs, newest first.</summary>
    /// <param name="workflow">Only of this workflow; null: all.</param>
    /// <param name="activeOnly">Only those that have not ended.</param>
    /// <param name="before">Only runs with a smaller id: the next page.</param>
    /// <param name="take">At most so many.</param>
    /// <param name="cancellationToken">Ends the query.</param>
    Task<IReadOnlyList<RunSummary>> ListAsync(
        string? workflow, bool activeOnly, long? before, int take, CancellationToken cancellationToken);

    /// <summary>A run with its tasks, or null.</summary>
    Task<RunDetail?> FindAsync(long runId, CancellationToken cancellationToken);

    /// <summary>Log lines of a task with an id above <paramref name="after"/>, oldest first; null when there is no such task.</summary>
    Task<IReadOnlyList<TaskLogLine>?> LogsAsync(long runId, string task, long after, int take, CancellationToken cancellationToken);

    /// <summary>Why a run, or a task of it, is not running: a sentence; null when it runs.</summary>
    Task<string?> WhyNotRunningAsync(long runId, string? task, CancellationToken cancellationToken);

    /// <summary>Cancels a run: what has not begun never does, what runs is stopped.</summary>
    /// <returns>False when there is no such run, or it has ended already.</returns>
    Task<bool> CancelAsync(long runId, string by, CancellationToken cancellationToken);
}
