using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Radar.Scheduler.Metrics;

/// <summary>What meters of this process measure (requests, runtime, our own), in Prometheus' text format.</summary>
internal sealed class MeterPage : IDisposable
{
    private const int MostSeries = 500; // Of one instrument: a tag that takes any value must not fill the memory.
    // Not Npgsql: its labels are connection strings, and this page is open to everybody.
    private static readonly string[] Meters = ["Microsoft.AspNetCore.Hosting", "System.Runtime", "Radar"];
    private static readonly double[] DefaultBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private readonly MeterListener _listener = new();
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, Family> _families = new(StringComparer.Ordinal);

    /// <summary>Listens from now on.</summary>
    public MeterPage()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (Meters.Any(name => instrument.Meter.Name.StartsWith(name, StringComparison.Ordinal)))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Measure(instrument, value, tags));
        _listener.SetMeasurementEventCallback<float>((instrument, value, tags, _) => Measure(instrument, value, tags));
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Measure(instrument, value, tags));
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Measure(instrument, value, tags));
        _listener.Start();
    }

    /// <summary>Appends everything measured so far.</summary>
    public void Write(StringBuilder page)
    {
        _listener.RecordObservableInstruments();
        lock (_gate)
        {
            foreach (var (name, family) in _families)
            {
                page.Append(CultureInfo.InvariantCulture, $"# HELP {name} {family.Help}\n# TYPE {name} {family.Type}\n");
                foreach (var (labels, series) in family.Series)
                {
                    series.Write(page, name, labels, family.Bounds);
                }
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    private void Measure(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = Labels(tags);
        lock (_gate)
        {
            var name = NameOf(instrument);
            if (!_families.TryGetValue(name, out var family))
            {
                _families[name] = family = new Family(instrument);
            }
            if (!family.Series.TryGetValue(labels, out var series))
            {
                if (family.Series.Count >= MostSeries)
                {
                    return;
                }
                family.Series[labels] = series = new Series(family.Bounds);
            }
            series.Add(value, family.IsAbsolute);
        }
    }

    /// <summary><c>http.server.request.duration</c> in <c>s</c> becomes <c>http_server_request_duration_seconds</c>; counters end in <c>_total</c>.</summary>
    internal static string NameOf(Instrument instrument)
    {
        var name = new StringBuilder();
        foreach (var letter in instrument.Name)
        {
            name.Append(char.IsAsciiLetterOrDigit(letter) ? char.ToLowerInvariant(letter) : '_');
        }
        var unit = instrument.Unit switch { "s" => "_seconds", "ms" => "_milliseconds", "By" => "_bytes", "%" => "_percent", "1" => "_ratio", _ => "" };
        if (!name.ToString().EndsWith(unit, StringComparison.Ordinal))
        {
            name.Append(unit);
        }
        return name.Append(Family.TypeOf(instrument) == "counter" ? "_total" : "").ToString();
    }

    private static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in tags)
        {
            labels[string.Concat(key.Select(c => char.IsAsciiLetter(c) ? char.ToLowerInvariant(c) : '_'))] =
                Convert.ToString(value, CultureInfo.InvariantCulture)!.Replace('\\', '/').Replace('"', '\'').Replace('\n', ' ');
        }
        return string.Join(',', labels.Select(label => $"{label.Key}=\"{label.Value}\""));
    }

    private sealed class Family(Instrument instrument)
    {
        public string Help { get; } = (instrument.Description is { Length: > 0 } text ? text : instrument.Name).ReplaceLineEndings(" ");

        public string Type { get; } = TypeOf(instrument);

        /// <summary>An observable instrument tells its value, another one what to add to it.</summary>
        public bool IsAbsolute { get; } = instrument.IsObservable || TypeOf(instrument) == "gauge" && instrument.GetType().Name.StartsWith("Gauge", StringComparison.Ordinal);

        public double[]? Bounds { get; } = TypeOf(instrument) == "histogram" ? BoundsOf(instrument) : null;

        public SortedDictionary<string, Series> Series { get; } = new(StringComparer.Ordinal);

        public static string TypeOf(Instrument instrument) => instrument.GetType().Name.Split('`')[0] switch
        {
            "Counter" or "ObservableCounter" => "counter",
            "Histogram" => "histogram",
            _ => "gauge",
        };

        private static double[] BoundsOf(Instrument instrument) =>
            instrument is Histogram<double> { Advice.HistogramBucketBoundaries: { Count: > 0 } bounds } ? [.. bounds] : DefaultBounds;
    }

    private sealed class Series(double[]? bounds)
    {
        private readonly long[] _buckets = new long[bounds?.Length ?? 0];
        private long _count;
        private double _value;

        public void Add(double value, bool absolute)
        {
            _value = absolute ? value : _value + value;
            _count++;
            for (var i = 0; i < _buckets.Length; i++)
            {
                _buckets[i] += value <= bounds![i] ? 1 : 0;
            }
        }

        public void Write(StringBuilder page, string name, string labels, double[]? edges)
        {
            var inner = labels.Length == 0 ? "" : labels + ",";
            var outer = labels.Length == 0 ? "" : $"{{{labels}}}";
            if (edges is null)
            {
                page.Append(CultureInfo.InvariantCulture, $"{name}{outer} {_value}\n");
                return;
            }
            for (var i = 0; i < edges.Length; i++)
            {
                page.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{{inner}le=\"{edges[i]}\"}} {_buckets[i]}\n");
            }
            page.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{{inner}le=\"+Inf\"}} {_count}\n{name}_sum{outer} {_value}\n{name}_count{outer} {_count}\n");
        }
    }
}
