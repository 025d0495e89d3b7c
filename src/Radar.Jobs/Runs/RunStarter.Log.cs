using Microsoft.Extensions.Logging;

namespace Radar.Jobs.Runs;

internal sealed partial class RunStarter
{
    [LoggerMessage(LogLevel.Information, "Made {Workflow} run {Run} for {By}")]
    private partial void LogMade(string workflow, long run, string by);

    [LoggerMessage(LogLevel.Information, "{Workflow} run {Run} is active already: {By} gets it back")]
    private partial void LogAlreadyActive(string workflow, long run, string by);

    [LoggerMessage(LogLevel.Information, "{Workflow} run {Run} pre-empted run {Other}")]
    private partial void LogPreempted(string workflow, long run, long other);
}
