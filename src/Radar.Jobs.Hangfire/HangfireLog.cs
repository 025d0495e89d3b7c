using global::Hangfire.Logging;
using Microsoft.Extensions.Logging;
using HangfireLevel = Hangfire.Logging.LogLevel;
using Level = Microsoft.Extensions.Logging.LogLevel;

namespace Radar.Jobs.Hangfire;

/// <summary>Hangfire's messages in our log. Hangfire has one log per process, which may outlive the host that set it.</summary>
internal sealed class HangfireLog(ILoggerFactory loggers) : ILogProvider
{
    public ILog GetLogger(string name)
    {
        try
        {
            return new Log(loggers.CreateLogger(name));
        }
        catch (ObjectDisposedException)
        {
            return new Log(Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        }
    }

    private sealed class Log(ILogger logger) : ILog
    {
        bool ILog.Log(HangfireLevel logLevel, Func<string>? messageFunc, Exception? exception)
        {
            var level = logLevel switch
            {
                HangfireLevel.Trace => Level.Trace,
                HangfireLevel.Debug => Level.Debug,
                HangfireLevel.Info => Level.Information,
                HangfireLevel.Warn => Level.Warning,
                HangfireLevel.Error => Level.Error,
                _ => Level.Critical,
            };
            if (messageFunc is null)
            {
                return logger.IsEnabled(level);
            }

#pragma warning disable CA1848, CA1873, CA2254 // Another program's words, passed on.
            logger.Log(level, exception, messageFunc());
#pragma warning restore CA1848, CA1873, CA2254
            return true;
        }
    }
}
