using Microsoft.Extensions.Logging;
using Radar.Jobs.Fleet;

namespace Radar.Workers.Supervision;

internal sealed partial class Agent
{
    [LoggerMessage(LogLevel.Information, "Agent {Agent} started as process {Pid} under epoch {Epoch}")]
    private partial void LogStarted(string agent, int pid, long epoch);

    [LoggerMessage(LogLevel.Information, "Agent {Agent} stopped")]
    private partial void LogStopped(string agent);

    [LoggerMessage(LogLevel.Error, "A newer process is agent {Agent} now; ending")]
    private partial void LogFenced(string agent);

    [LoggerMessage(LogLevel.Warning, "Another process is agent {Agent}; waiting until it ends. On a second host give this one another Radar:Agent:Name")]
    private partial void LogLeaseHeld(string agent);

    [LoggerMessage(LogLevel.Warning, "Waiting for PostgreSQL: {Problem}")]
    private partial void LogAway(string problem);

    [LoggerMessage(LogLevel.Information, "PostgreSQL is back")]
    private partial void LogBack();

    [LoggerMessage(LogLevel.Information, "Launched {Worker} as process {Pid}")]
    private partial void LogLaunched(WorkerId worker, int pid);

    [LoggerMessage(LogLevel.Warning, "Process of {Worker} died: {Reason}; restart {Restart} of {MaxRestarts} in {Seconds:0.0} s")]
    private partial void LogRestarting(WorkerId worker, string reason, int restart, int maxRestarts, double seconds);

    [LoggerMessage(LogLevel.Error, "Worker {Worker} failed: {Reason}; gave up after {Restarts} restarts")]
    private partial void LogFailed(WorkerId worker, string reason, int restarts);

    [LoggerMessage(LogLevel.Error, "Worker {Worker} failed and is not started again: {Problem}")]
    private partial void LogMisconfigured(WorkerId worker, string problem);

    [LoggerMessage(LogLevel.Warning, "Sent SIGTERM to {Worker}, process {Pid}")]
    private partial void LogTerminating(WorkerId worker, int pid);

    [LoggerMessage(LogLevel.Warning, "Sent SIGKILL to {Worker}, process {Pid}: {Reason}")]
    private partial void LogKilling(WorkerId worker, int pid, string reason);

    [LoggerMessage(LogLevel.Warning, "Could not rotate the log of {Worker}: {Problem}")]
    private partial void LogRotateFailed(WorkerId worker, string problem);
}
