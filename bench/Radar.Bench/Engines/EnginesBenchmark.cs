using System.Globalization;
using System.Text.Json;
using Npgsql;

namespace Radar.Bench.Engines;

/// <summary>Each engine of this build by itself and under Radar, in turns: enqueue to start in the same and in another process, tasks per second, a chain of five.</summary>
internal static class EnginesBenchmark
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static async Task<int> RunAsync(IReadOnlyList<string> engines, int jobs, int samples, int runs, TimeProvider time, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("radar-bench-").FullName;
        var results = new List<object>();
        var lost = 0;
        try
        {
            await using var server = await BenchPostgres.StartAsync(folder, time, cancellationToken);
            foreach (var engine in engines)
            {
                var bare = new Figures();
                var radar = new Figures();
                for (var run = 0; run < runs; run++)
                {
                    await MeasureAsync(engine, bare: true, server.ConnectionString, jobs, samples, bare, time, cancellationToken);
                    await MeasureAsync(engine, bare: false, server.ConnectionString, jobs, samples, radar, time, cancellationToken);
                }

                results.Add(Report(engine, bare, radar));
                lost += radar.Lost;
            }
        }
        finally
        {
            BenchPostgres.Erase(folder);
        }

        await File.WriteAllTextAsync(
            Path.Combine(BenchFolders.Results, "engines.json"), JsonSerializer.Serialize(new { jobs, samples, runs, results }, Indented), cancellationToken);
        return lost == 0 ? 0 : 1;
    }

    private static async Task MeasureAsync(
        string engine, bool bare, string server, int jobs, int samples, Figures figures, TimeProvider time, CancellationToken cancellationToken)
    {
        var database = await NewDatabaseAsync(server, cancellationToken);
        await using (var contender = Contender(engine, bare, database))
        {
            await contender.StartAsync(works: true, cancellationToken);
            await LatencyAsync(contender.PutAsync, Math.Min(20, samples), [], figures, time, cancellationToken); // The first ones warm up.
            await LatencyAsync(contender.PutAsync, samples, figures.Same, figures, time, cancellationToken, figures.Call);
            await LatencyAsync(contender.PutChainAsync, Math.Max(5, samples / 5), figures.Chain, figures, time, cancellationToken);
            await contender.DrainAsync(jobs / 10, cancellationToken);
            var began = time.GetTimestamp();
            await contender.DrainAsync(jobs, cancellationToken);
            figures.PerSecond.Add(jobs / time.GetElapsedTime(began).TotalSeconds);
        }

        database = await NewDatabaseAsync(server, cancellationToken);
        await using var node = await EngineNode.StartAsync(engine, bare, database, cancellationToken);
        await using var first = Contender(engine, bare, database);
        await first.StartAsync(works: false, cancellationToken);
        await LatencyAsync(first.PutAsync, Math.Min(10, samples), [], figures, time, cancellationToken);
        await LatencyAsync(first.PutAsync, samples / 2, figures.Other, figures, time, cancellationToken);
    }

    private static IContender Contender(string engine, bool bare, string database) =>
        bare ? EnginesPresent.Bare(engine, database, "first") : new RadarOn(engine, database, "first");

    private static async Task LatencyAsync(
        Func<string, CancellationToken, Task> put, int samples, List<double> into, Figures figures, TimeProvider time, CancellationToken cancellationToken,
        List<double>? calls = null)
    {
        for (var sample = 0; sample < samples; sample++)
        {
            var id = Guid.NewGuid().ToString("n");
            var asked = time.GetTimestamp();
            await put(id, cancellationToken);
            calls?.Add(time.GetElapsedTime(asked).TotalMilliseconds);
            try
            {
                into.Add(time.GetElapsedTime(asked, await Beginnings.OfAsync(id, cancellationToken)).TotalMilliseconds);
            }
            catch (TimeoutException)
            {
                figures.Lost++; // It has no time to add, and is reported by itself.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(sample % 7 * 5), time, cancellationToken); // Not in step with anybody's polling.
        }
    }

    private static async Task<string> NewDatabaseAsync(string server, CancellationToken cancellationToken)
    {
        var name = $"bench_{Guid.NewGuid():n}";
        await using var source = NpgsqlDataSource.Create(server);
        await using var create = source.CreateCommand($"CREATE DATABASE {name}");
        await create.ExecuteNonQueryAsync(cancellationToken);
        return new NpgsqlConnectionStringBuilder(server) { Database = name }.ConnectionString;
    }

    private static object Report(string engine, Figures bare, Figures radar)
    {
        Console.WriteLine($"{engine,-44}{"bare",12}{"Radar",12}");
        Line("enqueue to start, same process, p50 ms", bare.Same, radar.Same, 0.5);
        Line("enqueue to start, same process, p95 ms", bare.Same, radar.Same, 0.95);
        Line("the call that enqueues, p50 ms", bare.Call, radar.Call, 0.5);
        Line("enqueue to start, other process, p50 ms", bare.Other, radar.Other, 0.5);
        Line("enqueue to start, other process, p95 ms", bare.Other, radar.Other, 0.95);
        Line("chain of five, to the fifth's start, p50 ms", bare.Chain, radar.Chain, 0.5);
        Line("no-op tasks per second", bare.PerSecond, radar.PerSecond, 0.5);
        if (bare.Lost + radar.Lost > 0)
        {
            Console.WriteLine($"{"  not begun within two minutes, and left out",-44}{bare.Lost,12}{radar.Lost,12}");
        }

        var ratio = Figures.Percentile(radar.PerSecond, 0.5) / Figures.Percentile(bare.PerSecond, 0.5);
        var rounds = string.Join(' ', radar.PerSecond.Zip(bare.PerSecond, (ours, theirs) => (ours / theirs).ToString("0.00", CultureInfo.InvariantCulture)));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{"  Radar's share of the bare engine",-44}{"",12}{ratio,12:0.00}   of each round: {rounds}"));
        return new { engine, bare = bare.Summary(), radar = radar.Summary(), ratio };

        static void Line(string what, List<double> bare, List<double> radar, double share) => Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"  {what,-42}{Figures.Percentile(bare, share),12:0.0}{Figures.Percentile(radar, share),12:0.0}"));
    }

    private sealed class Figures
    {
        public List<double> Same { get; } = [];

        public List<double> Call { get; } = [];

        public List<double> Other { get; } = [];

        public List<double> Chain { get; } = [];

        public List<double> PerSecond { get; } = [];

        /// <summary>Jobs that did not begin.</summary>
        public int Lost { get; set; }

        public static double Percentile(List<double> values, double share)
        {
            var sorted = values.Order().ToList();
            return sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Count) - 1, 0, sorted.Count - 1)];
        }

        public object Summary() => new
        {
            sameP50 = Percentile(Same, 0.5), sameP95 = Percentile(Same, 0.95), otherP50 = Percentile(Other, 0.5), otherP95 = Percentile(Other, 0.95),
            chainP50 = Percentile(Chain, 0.5), perSecond = Percentile(PerSecond, 0.5), lost = Lost,
        };
    }
}
