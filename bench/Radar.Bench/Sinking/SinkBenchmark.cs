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
    private static readonly Contender[] Contenders =
    [
        new("consume", "(a) consume alone", Debian: false), new("insert", "(b) insert alone", Debian: false),
        new("both", "(c) both at once", Debian: false), new("sink", "trades-sink", Debian: false),
        new("both", "(c) on 18.16", Debian: true), new("sink", "trades-sink on 18.16", Debian: true),
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
            using var debian = await DebianClickHouse.StartAsync(Path.Combine(folder, "debian"), time, cancellationToken);
            await using var broker = await RealBroker.StartAsync(
                home, Path.Combine(folder, "kafka"), FreePort(), new Dictionary<string, int> { [Topic] = Partitions, ["radar_dead_letters"] = 1 }, time, cancellationToken);
            var began = time.GetTimestamp();
            await Task.Run(() => BenchTrades.Produce(broker.BootstrapServers, Topic, Partitions, rows, cancellationToken), cancellationToken);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{rows:N0} trades on {Partitions} partitions ({rows / time.GetElapsedTime(began).TotalSeconds:N0} records/s), batches of {batch:N0}, {Environment.ProcessorCount} cores, median of {rounds}"));
            var figures = Contenders.Where(contender => !contender.Debian || debian is not null).ToDictionary(contender => contender, _ => new List<Figures>());
            for (var round = 0; round < rounds; round++)
            {
                foreach (var (contender, each) in figures)
                {
                    var on = contender.Debian ? debian!.Server : new ServerOfBench(server.Options, server.Pid);
                    each.Add(await MeasureAsync(contender, round, broker, on, rows, batch, time, cancellationToken));
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
        Contender contender, int round, RealBroker broker, ServerOfBench server, int rows, int batch, TimeProvider time, CancellationToken cancellationToken)
    {
        var name = contender.Name;
        var database = string.Create(CultureInfo.InvariantCulture, $"{name}{(contender.Debian ? "_debian" : "")}{round}");
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
        Console.WriteLine(Line(contender.Title, figures));
        return figures;
    }

    private static async Task CheckAsync(ServerOfBench server, TableName table, int rows, bool final, TimeProvider time, CancellationToken cancellationToken)
    {
        using var client = new ClickHouseClient(server.Options, time);
        var counted = (await client.QueryAsync($"SELECT count(), uniqExact(trade_id) FROM {table} {(final ? "FINAL" : "")}", cancellationToken))[0];
        if (counted.Any(count => count != rows.ToString(CultureInfo.InvariantCulture)))
        {
            throw new InvalidOperationException($"{table} has {counted[0]} rows, {counted[1]} of them different, not {rows}.");
        }
        await TableSetup.DropAsync(client, table, cancellationToken);
    }

    private static async Task ReportAsync(Dictionary<Contender, List<Figures>> figures, int rows, int batch, int rounds, CancellationToken cancellationToken)
    {
        Console.WriteLine($"{"median",-22}{"rows/s",12}{"",8}  CPU us per row: {"its own",8}{"ClickHouse",12}{"Kafka",8}{"peak MB",12}");
        foreach (var (contender, each) in figures)
        {
            Console.WriteLine(Line(contender.Title, Figures.Median(each)));
        }
        foreach (var (sink, each) in figures.Where(f => f.Key.Name == "sink"))
        {
            var (both, besides) = figures.First(f => f.Key.Name == "both" && f.Key.Debian == sink.Debian);
            var ratios = each.Zip(besides, (ours, theirs) => ours.RowsPerSecond / theirs.RowsPerSecond).ToList();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{sink.Title} / {both.Title}: {Middle(ratios):N2}   of each round: {string.Join(' ', ratios.Select(ratio => ratio.ToString("N2", CultureInfo.InvariantCulture)))}"));
        }
        var results = figures.Select(f => new { f.Key.Title, Median = Figures.Median(f.Value), Rounds = f.Value });
        await File.WriteAllTextAsync(
            Path.Combine(BenchFolders.Results, "sink.json"),
            JsonSerializer.Serialize(new { rows, batch, rounds, cores = Environment.ProcessorCount, results }, Indented), cancellationToken);
    }

    private static double Middle(IEnumerable<double> values) => values.Order().ToList() is var sorted ? sorted[sorted.Count / 2] : 0;

    private static string Line(string title, Figures figures) => string.Create(CultureInfo.InvariantCulture,
        $"{title,-22}{figures.RowsPerSecond,12:N0}{"",24}{figures.Own,10:N2}{figures.Server,12:N2}{figures.Broker,8:N2}{figures.PeakMegabytes,12:N0}");

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    /// <summary>One that is measured: what it is, its title, and whether on Debian's server instead of the embedded one.</summary>
    private sealed record Contender(string Name, string Title, bool Debian);

    /// <summary>Rows a second; microseconds of processor time for a row: its own, ClickHouse's and Kafka's; the most memory that it had.</summary>
    private sealed record Figures(double RowsPerSecond, double Own, double Server, double Broker, double PeakMegabytes)
    {
        public static Figures Median(List<Figures> all)
        {
            double Of(Func<Figures, double> figure) => Middle(all.Select(figure));
            return new Figures(Of(f => f.RowsPerSecond), Of(f => f.Own), Of(f => f.Server), Of(f => f.Broker), Of(f => f.PeakMegabytes));
        }
    }
}
