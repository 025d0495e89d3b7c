using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Radar.Embedded;

namespace Radar.Bench.Sinking;

/// <summary>One process that is measured: from the line in which it begins to the line with which all rows are done.</summary>
internal sealed partial class Party : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);
    private readonly Process _process;
    private readonly BlockingCollection<(string Line, long At)> _lines = [];

    private Party(ProcessStartInfo start, TimeProvider time)
    {
        start.RedirectStandardInput = start.RedirectStandardOutput = true;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is { } text)
            {
                _lines.Add((text, time.GetTimestamp()));
            }
            else
            {
                _lines.CompleteAdding();
            }
        };
        _process.Start();
        _process.BeginOutputReadLine();
    }

    /// <summary>Its process.</summary>
    public int Pid => _process.Id;

    /// <summary>A process of this program.</summary>
    public static Party Bare(string? bootstrapServers, string topic, Uri? server, string database, int rows, int batch, TimeProvider time)
    {
        var start = new ProcessStartInfo("dotnet");
        string[] arguments =
        [
            typeof(Party).Assembly.Location, "sink-node", "--database", database, "--topic", topic,
            "--rows", rows.ToString(CultureInfo.InvariantCulture), "--batch", batch.ToString(CultureInfo.InvariantCulture),
            .. bootstrapServers is null ? [] : (string[])["--kafka", bootstrapServers],
            .. server is null ? [] : (string[])["--clickhouse", server.ToString()],
        ];
        Array.ForEach(arguments, start.ArgumentList.Add);
        return new Party(start, time);
    }

    /// <summary>The worker itself, by hand from its environment.</summary>
    public static Party Sink(string bootstrapServers, string topic, Uri server, string database, int batch, TimeProvider time)
    {
        var start = new ProcessStartInfo("dotnet", [RepositoryRoot.Program("Radar.Workers", "radar-worker"), "trades-sink"]);
        foreach (var other in start.Environment.Keys.Where(name => Settings().IsMatch(name)).ToList())
        {
            start.Environment.Remove(other);
        }
        start.Environment["RADAR__KAFKA__BOOTSTRAPSERVERS"] = bootstrapServers;
        start.Environment["RADAR__TOPICS__TRADES"] = topic;
        start.Environment["RADAR__SINKS__TRADESGROUP"] = database;
        start.Environment["RADAR__SINKS__BATCHROWS"] = batch.ToString(CultureInfo.InvariantCulture);
        start.Environment["RADAR__CLICKHOUSE__URL"] = server.ToString();
        start.Environment["RADAR__CLICKHOUSE__DATABASE"] = database;
        return new Party(start, time);
    }

    /// <summary>Waits for its beginning.</summary>
    /// <returns>When it was.</returns>
    public long AwaitBeginning(CancellationToken cancellationToken) => Await(line => line == BareNode.Began || line.Contains("Subscribed to Kafka topic", StringComparison.Ordinal), cancellationToken);

    /// <summary>Waits until so many rows are done.</summary>
    /// <returns>When they were.</returns>
    public long AwaitEnd(int rows, CancellationToken cancellationToken)
    {
        var stored = 0;
        return Await(line => line == BareNode.Done || (stored += Inserted().Match(line) is { Success: true } batch ? int.Parse(batch.Groups[1].Value, CultureInfo.InvariantCulture) : 0) >= rows, cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _lines.Dispose();
    }

    private long Await(Predicate<string> isIt, CancellationToken cancellationToken)
    {
        var told = new List<string>();
        while (_lines.TryTake(out var line, (int)Patience.TotalMilliseconds, cancellationToken))
        {
            if (isIt(line.Line))
            {
                return line.At;
            }
            told.Add(line.Line);
        }
        throw new InvalidOperationException($"The process did not get there. It said last:\n{string.Join('\n', told.TakeLast(10))}");
    }

    [GeneratedRegex(@"Inserted a (?:full|partial) batch of (\d+) records")]
    private static partial Regex Inserted();

    // A sink by hand is told everything here, and is nobody's worker.
    [GeneratedRegex("^(RADAR__.*|KAFKA_.*|CLICKHOUSE_.*|BATCH_.*|DATABASE_URL|RADAR_LIFELINE)$", RegexOptions.IgnoreCase)]
    private static partial Regex Settings();
}
