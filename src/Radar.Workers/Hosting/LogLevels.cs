using Microsoft.Extensions.Logging;

namespace Radar.Workers.Hosting;

/// <summary>How much a process logs: <c>Radar:Logs:Level</c>, or the originals' LOG_LEVEL, in their words.</summary>
internal static class LogLevels
{
    public static LogLevel Read(SettingsReader settings) => settings.Read(
        settings.Text("Radar:Logs:Level") is null ? "LOG_LEVEL" : "Radar:Logs:Level",
        LogLevel.Information,
        text => text.ToUpperInvariant() switch
        {
            "DEBUG" => LogLevel.Debug,
            "INFO" => LogLevel.Information,
            "WARNING" => LogLevel.Warning,
            "ERROR" => LogLevel.Error,
            "CRITICAL" => LogLevel.Critical,
            _ => throw new FormatException(),
        },
        "use DEBUG, INFO, WARNING, ERROR or CRITICAL");
}
