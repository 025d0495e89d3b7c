using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Radar.Bench.ClickHouse;
using Radar.Embedded.Kafka;
using Radar.Market.ClickHouse;

namespace Radar.Bench.Sinking;

/// <summary>
/// Trades from Apache Kafka into ClickHouse through the worker trades-sink, in turns with what it stands on: records read and thrown away, the same rows
/// inserted from memory, and both of these at once, which is what a sink would do whose own work cost nothing.
/// </summary>
internal static class SinkBenchmark
{
    private const string Topic = "radar_trades";
    private const int Partitions = 3;
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };
    private static readonly (string Name, string Title)[] Contenders =
    [
        ("consume", "(a) consume alone"), ("insert", "(b) insert alone"), ("both", "(c) both at once"), ("sink", "trades-sink"),
    ];

    public static async Task<int> RunAsync(int rows, int batch, int rounds, TimeProvider time, CancellationToken cancellationToken)
    {
        var home = Environment.GetEnvironmentVariable(RealBroker.HomeVariable) is { Length: > 0 } set ? set : Path.Combine(BenchFolders.Shared, "kafka");
        if (!Directory.Exists(Path.Combine(home, "libs")))
        {
            Console.Error.WriteLine($"The benchmark sink needs Apache Kafka: set {RealBroker.HomeVariable} to a distribution, a folder with libs/. There is none in '{home}'.");
            return 1;
        }
        var folder = Directory.CreateTempSubdirectory("radar-bench-sink-").FullName;
        try
        {
            using var server = await BenchClickHouse.StartAsync(folder, time, cancellationToken);
            await using var broker = await RealBroker.StartAsync(
                home, Path.Combine(folder, "kafka"), FreePort(), new Dictionary<string, int> { [Topic] = Partitions, ["radar_dead_letters"] = 1 }, time, cancellationToken);
            var began = time.GetTimestamp();
            await Task.Run(() => BenchTrades.Produce(broker.BootstrapServers, Topic, Partitions, rows, cancellationToken), cancellationToken);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{rows:N0} trades on {Partitions} partitions ({rows / time.GetElapsedTime(began).TotalSeconds:N0} records/s), batches of {batch:N0}, {Environment.ProcessorCount} cores, median of {rounds}"));
            var figures = Contenders.ToDictionary(contender => contender.Name, _ => new List<Figures>());
            for (var round = 0; round < rounds; round++)
            {
                foreach (var (name, _) in Contenders)
                {
                    figures[name].Add(await MeasureAsync(name, round, broker, server, rows, batch, time, cancellationToken));
                }
            }
            await ReportAsync(figures, rows, batch, rounds, cancellationToken);
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<Figures> MeasureAsync(
        string name, int round, RealBroker broker, BenchClickHouse server, int rows, int batch, TimeProvider time, CancellationToken cancellationToken)
    {
        var database = string.Create(CultureInfo.InvariantCulture, $"{name}{round}");
        var url = server.Options.Url;
        using var party = name == "sink"
            ? Party.Sink(broker.BootstrapServers, Topic, url, database, batch, time)
            : Party.Bare(name == "insert" ? null : broker.BootstrapServers, Topic, name == "consume" ? null : url, database, rows, batch, time);
        var began = party.AwaitBeginning(cancellationToken);
        int[] all = [party.Pid, server.Pid, broker.Pid];
        var before = all.Select(Used.Processor).ToList();
        var seconds = time.GetElapsedTime(began, party.AwaitEnd(rows, cancellationToken)).TotalSeconds;
        var processor = all.Select((pid, at) => (Used.Processor(pid) - before[at]) / rows * 1e6).ToList();
        var figures = new Figures(rows / seconds, processor[0], processor[1], processor[2], Used.PeakMegabytes(party.Pid));
        if (name != "consume")
        {
            await CheckAsync(server, new TableName(database, TradesTable.DefaultName), rows, final: name == "sink", time, cancellationToken);
        }
        Console.WriteLine(Line(Contenders.First(contender => contender.Name == name).Title, figures));
        return figures;
    }

    private static async Task CheckAsync(BenchClickHouse server, TableName table, int rows, bool final, TimeProvider time, CancellationToken cancellationToken)
    {
        using var client = new ClickHouseClient(server.Options, time);
        var counted = (await client.QueryAsync($"SELECT count(), uniqExact(trade_id) FROM {table} {(final ? "FINAL" : "")}", cancellationToken))[0];
        if (counted.Any(count => count != rows.ToString(CultureInfo.InvariantCulture)))
        {
            throw new InvalidOperationException($"{table} has {counted[0]} rows, {counted[1]} of them different, not {rows}.");
        }
        await TableSetup.DropAsync(client, table, cancellationToken);
    }

    private static async Task ReportAsync(Dictionary<string, List<Figures>> figures, int rows, int batch, int rounds, CancellationToken cancellationToken)
    {
        Console.WriteLine($"{"median",-20}{"rows/s",12}{"",8}  CPU us per row: {"its own",8}{"ClickHouse",12}{"Kafka",8}{"peak MB",12}");
        foreach (var (name, title) in Contenders)
        {
            Console.WriteLine(Line(title, Figures.Median(figures[name])));
        }
        var ratios = figures["sink"].Zip(figures["both"], (sink, both) => sink.RowsPerSecond / both.RowsPerSecond).ToList();
        var ratio = ratios.Order().ElementAt(ratios.Count / 2);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"trades-sink / (c): {ratio:N2}   of each round: {string.Join(' ', ratios.Select(each => each.ToString("N2", CultureInfo.InvariantCulture)))}"));
        await File.WriteAllTextAsync(
            Path.Combine(BenchFolders.Results, "sink.json"),
            JsonSerializer.Serialize(new { rows, batch, rounds, cores = Environment.ProcessorCount, ratio, ratios, median = figures.ToDictionary(f => f.Key, f => Figures.Median(f.Value)), figures }, Indented),
            cancellationToken);
    }

    private static string Line(string title, Figures figures) => string.Create(CultureInfo.InvariantCulture,
        $"{title,-20}{figures.RowsPerSecond,12:N0}{"",24}{figures.Own,10:N2}{figures.Server,12:N2}{figures.Broker,8:N2}{figures.PeakMegabytes,12:N0}");

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    /// <summary>Rows a second; microseconds of processor time for a row: its own, ClickHouse's and Kafka's; the most memory that it had.</summary>
    private sealed record Figures(double RowsPerSecond, double Own, double Server, double Broker, double PeakMegabytes)
    {
        public static Figures Median(List<Figures> all)
        {
            double Of(Func<Figures, double> figure) => all.Select(figure).Order().ElementAt(all.Count / 2);
            return new Figures(Of(f => f.RowsPerSecond), Of(f => f.Own), Of(f => f.Server), Of(f => f.Broker), Of(f => f.PeakMegabytes));
        }
    }
}
