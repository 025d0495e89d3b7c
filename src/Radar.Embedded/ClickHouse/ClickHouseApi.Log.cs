using Microsoft.Extensions.Logging;

namespace Radar.Embedded.ClickHouse;

internal sealed partial class ClickHouseApi
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "Request {Id} was refused: {Problem}")]
    private static partial void Refused(ILogger logger, string? id, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Request {Id} broke off, and nothing of it is stored that was not in a block of its own: {Text}")]
    private static partial void BrokenOff(ILogger logger, string? id, string? text);
}
