using Microsoft.Extensions.Logging;
using Radar.Jobs.Fleet;

namespace Radar.Workers.Hosting;

internal sealed partial class WorkerHost
{
    [LoggerMessage(LogLevel.Information, "Started {Worker} as process {Pid}")]
    private partial void LogStarted(WorkerId worker, int pid);

    [LoggerMessage(LogLevel.Information, "Running {Worker}: caught up")]
    private partial void LogRunning(WorkerId worker);

    [LoggerMessage(LogLevel.Information, "Paused {Worker}")]
    private partial void LogPaused(WorkerId worker);

    [LoggerMessage(LogLevel.Information, "Deleted {Worker}: flushed, committed, ending")]
    private partial void LogDeleted(WorkerId worker);

    [LoggerMessage(LogLevel.Information, "Stopped the process of {Worker}")]
    private partial void LogStopped(WorkerId worker);

    [LoggerMessage(LogLevel.Information, "Nothing to do for {Worker}: it is not registered, is deleted, or has failed. Ask it to start first (start-fleet, the dashboard, or --register)")]
    private partial void LogNothingToDo(WorkerId worker);

    [LoggerMessage(LogLevel.Warning, "Waiting: the lease of {Worker} is held by {Holder}")]
    private partial void LogLeaseHeld(WorkerId worker, string? holder);

    [LoggerMessage(LogLevel.Error, "Gave up: the lease of {Worker} is still held by {Holder} after {Seconds} s. Another process does this work")]
    private partial void LogLeaseStaysHeld(WorkerId worker, string? holder, double seconds);

    [LoggerMessage(LogLevel.Error, "PostgreSQL cannot be reached: {Problem} Check that it runs and that Radar:Database is right")]
    private partial void LogNoDatabase(string problem);

    [LoggerMessage(LogLevel.Warning, "Waiting for {Service} in {Worker}: {Problem}")]
    private partial void LogWaiting(WorkerId worker, string service, string problem);

    [LoggerMessage(LogLevel.Information, "Going on with {Worker}: {Service} is back")]
    private partial void LogBack(WorkerId worker, string service);

    [LoggerMessage(LogLevel.Debug, "Heartbeat of {Worker} failed: {Problem}")]
    private partial void LogBeatFailed(WorkerId worker, string problem);

    [LoggerMessage(LogLevel.Error, "Fenced: a newer process is {Worker} now. Nothing more is written; ending")]
    private partial void LogFenced(WorkerId worker);

    [LoggerMessage(LogLevel.Error, "Failed {Worker}: {Problem}")]
    private partial void LogUnworkable(WorkerId worker, string problem);

    [LoggerMessage(LogLevel.Error, "Crashed {Worker}")]
    private partial void LogCrashed(Exception exception, WorkerId worker);

    [LoggerMessage(LogLevel.Warning, "Left {Worker} without a word: {Problem}")]
    private partial void LogLeftWithoutWord(WorkerId worker, string problem);
}
