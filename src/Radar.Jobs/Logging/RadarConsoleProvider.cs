using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Radar.Jobs.Logging;

/// <summary>Writes log lines, whole and one at a time.</summary>
internal sealed class RadarConsoleProvider(string process, TextWriter output, TimeProvider time) : ILoggerProvider, ISupportExternalScope
{
    private readonly ConcurrentDictionary<string, Line> _loggers = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private IExternalScopeProvider? _scopes;

    public ILogger CreateLogger(string categoryName) => _loggers.GetOrAdd(categoryName, _ => new Line(this));

    public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _scopes = scopeProvider;

    public void Dispose()
    {
    }

    internal static string Word(LogLevel level) => level switch
    {
        LogLevel.Trace => "TRACE",
        LogLevel.Debug => "DEBUG",
        LogLevel.Information => "INFO",
        LogLevel.Warning => "WARNING",
        LogLevel.Error => "ERROR",
        _ => "CRITICAL",
    };

    private void Write(LogLevel level, string message, Exception? exception)
    {
        var text = new StringBuilder(160);
        text.Append(time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture))
            .Append(" | ").Append(Word(level)).Append(" | ");
        var name = process;
        var rest = new List<KeyValuePair<string, object?>>();
        _scopes?.ForEachScope(
            (scope, values) =>
            {
                if (scope is IEnumerable<KeyValuePair<string, object?>> pairs)
                {
                    values.AddRange(pairs.Where(p => p.Key != "{OriginalFormat}" && !values.Any(v => v.Key == p.Key)));
                }
            },
            rest);
        if (rest.FindIndex(v => v.Key == "Worker") is var at and >= 0)
        {
            name = rest[at].Value?.ToString()?.Replace('/', '_') ?? name;
            rest.RemoveAt(at);
        }
        text.Append(name).Append(" | ").Append(message);
        for (var i = 0; i < rest.Count; i++)
        {
            text.Append(i == 0 ? " (" : ", ").Append(char.ToLowerInvariant(rest[i].Key[0])).Append(rest[i].Key.AsSpan(1)).Append('=')
                .Append(Convert.ToString(rest[i].Value, CultureInfo.InvariantCulture)).Append(i == rest.Count - 1 ? ")" : "");
        }
        text.Append('\n');
        if (exception is not null)
        {
            text.Append(exception).Append('\n');
        }
        lock (_gate)
        {
            output.Write(text.ToString());
            output.Flush();
        }
    }

    private sealed class Line(RadarConsoleProvider provider) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => provider._scopes?.Push(state);

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            provider.Write(logLevel, formatter(state, exception), exception);
    }
}
