using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Radar.Jobs.Schema;
using Radar.Market;
using Radar.Market.Candles;
using Radar.Market.Models;
using Radar.Market.Predictions;

namespace Radar.Bench;

/// <summary>
/// Fills an empty table's predictions, all versions of a model in one write, in turns with ONNX Runtime alone on the same rows. ONNX Runtime alone has one
/// thread; Radar's versions have one each, side by side where cores are free, so the processor's time of both is told beside the ratio.
/// </summary>
internal static class ReconcileBenchmark
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static async Task<int> RunAsync(int rows, int runs, string[] models, TimeProvider time, CancellationToken cancellationToken)
    {
        var candles = BenchFolders.Candles(rows);
        Console.WriteLine($"{candles.Length} candles, {CandleTime.Format(candles[0].OpenTime)} to {CandleTime.Format(candles[^1].OpenTime)}, median of {runs}");
        var folder = Directory.CreateTempSubdirectory("radar-bench-").FullName;
        var results = new List<object>();
        try
        {
            await using var server = await BenchPostgres.StartAsync(folder, time, cancellationToken);
            await using var source = NpgsqlDataSource.Create(server.ConnectionString);
            var table = new CandleTable(source, "BTCUSDT");
            await new Migrator(source, NullLogger<Migrator>.Instance).MigrateAsync(cancellationToken);
            await KeepCandlesAsync(source, table, candles, cancellationToken);
            Console.WriteLine($"{"model",-10}{"bare rows/s",14}{"Radar rows/s",14}{"ratio",8}{"bare CPU us",14}{"Radar CPU us",14}   ratio of each run");
            foreach (var name in models)
            {
                results.Add(await MeasureAsync(name, candles, source, table, runs, time, cancellationToken));
            }
        }
        finally
        {
            BenchPostgres.Erase(folder);
        }
        await File.WriteAllTextAsync(
            Path.Combine(BenchFolders.Results, "reconcile.json"), JsonSerializer.Serialize(new { candles = candles.Length, runs, results }, Indented), cancellationToken);
        return 0;
    }

    private static async Task<object> MeasureAsync(
        string name, Candle[] candles, NpgsqlDataSource source, CandleTable table, int runs, TimeProvider time, CancellationToken cancellationToken)
    {
        ModelFile[] files = [.. ModelStore.Discover(BenchFolders.Models).Where(m => m.Id.Model == name)];
        var models = files.Select(PredictionModel.Load).ToArray();
        var (matrix, rows) = BareRuntime.Matrix(candles, models[0].Input);
        var work = (double)rows * models.Length;
        var (bare, ours) = (new List<double>(), new List<double>());
        var (bareProcessor, ourProcessor) = (new List<double>(), new List<double>());
        for (var run = 0; run < runs; run++)
        {
            await EmptyAsync(source, table, cancellationToken);
            var before = Environment.CpuUsage.TotalTime;
            bare.Add(work / BareRuntime.Run(files, matrix, rows, models[0].Input, models[0].MaxBatch, time));
            bareProcessor.Add((Environment.CpuUsage.TotalTime - before).TotalMicroseconds / work);
            before = Environment.CpuUsage.TotalTime;
            var start = time.GetTimestamp();
            var stored = await new Reconciliation(new PredictionStore(table), models, null).RunAsync(TimeRange.All, null, cancellationToken);
            ours.Add(work / time.GetElapsedTime(start).TotalSeconds);
            ourProcessor.Add((Environment.CpuUsage.TotalTime - before).TotalMicroseconds / work);
            if (stored != (long)work)
            {
                throw new InvalidOperationException($"{stored} predictions were stored, not {work}.");
            }
        }
        Array.ForEach(models, m => m.Dispose());
        var ratios = ours.Zip(bare, (o, b) => o / b).ToList();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{name,-10}{Median(bare),14:N0}{Median(ours),14:N0}{Median(ratios),8:N2}{Median(bareProcessor),14:N1}{Median(ourProcessor),14:N1}   {string.Join(' ', ratios.Select(r => r.ToString("N2", CultureInfo.InvariantCulture)))}"));
        return new { model = name, versions = files.Length, batch = models[0].MaxBatch, bareRowsPerSecond = Median(bare), rowsPerSecond = Median(ours), ratio = Median(ratios), bareProcessorMicroseconds = Median(bareProcessor), processorMicroseconds = Median(ourProcessor), bare, ours };
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static async Task KeepCandlesAsync(NpgsqlDataSource source, CandleTable table, Candle[] candles, CancellationToken cancellationToken)
    {
        await table.EnsureAsync(cancellationToken);
        foreach (var chunk in candles.Chunk(50_000))
        {
            await table.InsertAsync(chunk, null, cancellationToken);
        }
        await ExecuteAsync(source, "CREATE UNLOGGED TABLE kept AS SELECT * FROM public.btcusdt ORDER BY open_time", cancellationToken);
    }

    // As a producer left it: candles without predictions.
    private static async Task EmptyAsync(NpgsqlDataSource source, CandleTable table, CancellationToken cancellationToken)
    {
        await ExecuteAsync(source, "DROP TABLE public.btcusdt", cancellationToken);
        await table.EnsureAsync(cancellationToken);
        await ExecuteAsync(source, "INSERT INTO public.btcusdt SELECT * FROM kept ORDER BY open_time", cancellationToken);
        await ExecuteAsync(source, "VACUUM ANALYZE public.btcusdt", cancellationToken);
        await ExecuteAsync(source, "CHECKPOINT", cancellationToken);
    }

    private static async Task ExecuteAsync(NpgsqlDataSource source, string sql, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(sql);
        command.CommandTimeout = 600;
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
