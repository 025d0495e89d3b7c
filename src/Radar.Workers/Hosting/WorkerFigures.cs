using System.Text;
using System.Text.Json;

namespace Radar.Workers.Hosting;

/// <summary>What a heartbeat tells in numbers: how the process does, and whatever the work counts.</summary>
internal sealed class WorkerFigures(TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, double> _values = new(StringComparer.Ordinal);
    private long _handled;
    private long _handledBefore;
    private DateTimeOffset? _progressAt;
    private long? _roundAt;
    private TimeSpan _cpuBefore = Environment.CpuUsage.TotalTime;
    private long _before = time.GetTimestamp();

    /// <summary>Sets a figure, in camelCase, such as <c>lag</c>.</summary>
    public void Set(string name, double value)
    {
        lock (_gate)
        {
            _values[name] = value;
        }
    }

    /// <summary>Counts candles (or predictions) that were dealt with.</summary>
    public void Handled(long count)
    {
        lock (_gate)
        {
            _handled += count;
            _progressAt = time.GetUtcNow();
        }
    }

    /// <summary>The work came round once more, whether or not there was anything to deal with. The heartbeat beats beside it, also when it is stuck.</summary>
    public void Round()
    {
        lock (_gate)
        {
            _roundAt = time.GetTimestamp();
        }
    }

    /// <summary>
    /// JSON in base units: cpuRatio (of one core, since the last call), cpuSeconds, residentMemoryBytes, handled, ratePerSecond (since the last
    /// call), lastProgressAt, roundAgeSeconds (since the work came round last), and what was set.
    /// </summary>
    public string Take()
    {
        lock (_gate)
        {
            var elapsed = Math.Max(0.001, time.GetElapsedTime(_before).TotalSeconds);
            var cpu = Environment.CpuUsage.TotalTime;
            using var buffer = new MemoryStream(256);
            using (var json = new Utf8JsonWriter(buffer))
            {
                json.WriteStartObject();
                json.WriteNumber("cpuRatio", Math.Round((cpu - _cpuBefore).TotalSeconds / elapsed, 4));
                json.WriteNumber("cpuSeconds", Math.Round(cpu.TotalSeconds, 3));
                json.WriteNumber("residentMemoryBytes", Environment.WorkingSet);
                json.WriteNumber("handled", _handled);
                json.WriteNumber("ratePerSecond", Math.Round((_handled - _handledBefore) / elapsed, 2));
                if (_progressAt is { } progress)
                {
                    json.WriteString("lastProgressAt", progress);
                }
                if (_roundAt is { } round)
                {
                    json.WriteNumber("roundAgeSeconds", Math.Round(time.GetElapsedTime(round).TotalSeconds, 1));
                }
                foreach (var (name, value) in _values)
                {
                    json.WriteNumber(name, value);
                }
                json.WriteEndObject();
            }
            (_handledBefore, _cpuBefore, _before) = (_handled, cpu, time.GetTimestamp());
            return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
        }
    }
}
