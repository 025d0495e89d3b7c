using Microsoft.Extensions.Logging;

namespace Radar.Jobs.Runs;

internal sealed partial class LeaseKeeper
{
    [LoggerMessage(LogLevel.Warning, "PostgreSQL does not answer ({Problem}); tasks keep running, leases are renewed when it is back")]
    private partial void LogAway(string problem);

    [LoggerMessage(LogLevel.Information, "PostgreSQL answers again; leases are renewed")]
    private partial void LogBack();

    [LoggerMessage(LogLevel.Error, "Leases could not be renewed; tried again in a moment")]
    private partial void LogFailed(Exception error);

    [LoggerMessage(LogLevel.Warning, "Lost the lease of run {Run} task {Task} attempt {Attempt}: another node has it; this attempt changes nothing any more")]
    private partial void LogLost(long run, string task, int attempt);
}
