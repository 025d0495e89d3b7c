using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Radar.Jobs.Logging;

/// <summary>Registers Radar's log lines.</summary>
public static class RadarConsole
{
    /// <summary>
    /// Logs to standard output, one line an event: <c>2026-01-31 12:00:00 | INFO | BTCUSDT_lightgbm_v1 | message (epoch=3)</c>, time in UTC. The third
    /// column is <paramref name="process"/>, unless a scope has a <c>Worker</c>; the other values of all scopes stand at the end.
    /// </summary>
    public static ILoggingBuilder AddRadarConsole(this ILoggingBuilder logging, string process)
    {
        logging.Services.TryAddSingleton(TimeProvider.System);
        logging.Services.TryAddEnumerable(ServiceDescriptor.Singleton<ILoggerProvider, RadarConsoleProvider>(
            services => new RadarConsoleProvider(process, Console.Out, services.GetRequiredService<TimeProvider>())));
        return logging;
    }
}
