using Microsoft.Extensions.Logging;

namespace Radar.Jobs.Schema;

public sealed partial class Migrator
{
    [LoggerMessage(LogLevel.Information, "Applied migration {Number}_{Name}")]
    private partial void LogApplied(int number, string name);
}
