using Microsoft.Extensions.Logging;

namespace Radar.Jobs.Runs;

internal sealed partial class TaskRunner
{
    [LoggerMessage(LogLevel.Information, "Started {Workflow} run {Run} task {Task} attempt {Attempt}")]
    private partial void LogStarted(string workflow, long run, string task, int attempt);

    [LoggerMessage(LogLevel.Information, "Ended {Workflow} run {Run} task {Task} attempt {Attempt}: {Outcome}")]
    private partial void LogEnded(string workflow, long run, string task, int attempt, string outcome);

    [LoggerMessage(LogLevel.Error, "Run {Run} task {Task} attempt {Attempt} threw")]
    private partial void LogThrew(Exception error, long run, string task, int attempt);

    [LoggerMessage(LogLevel.Error, "How run {Run} task {Task} attempt {Attempt} ended could not be written; it has failed")]
    private partial void LogUnwritable(Exception error, long run, string task, int attempt);

    [LoggerMessage(LogLevel.Warning, "PostgreSQL does not answer ({Problem}); waiting to make a run, or to write down a task's beginning or end")]
    private partial void LogWaiting(string problem);

    [LoggerMessage(LogLevel.Warning, "The engine fired '{Workflow}', which this build does not have")]
    private partial void LogUnknownFire(string workflow);

    [LoggerMessage(LogLevel.Information, "Skipped the missed fire of {Workflow} planned for {Planned:u}")]
    private partial void LogMissed(string workflow, DateTimeOffset planned);
}
