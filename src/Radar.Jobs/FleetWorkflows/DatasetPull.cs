using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Radar.Jobs.Workflows;
using Radar.Market;
using Radar.Market.Candles;
using Radar.Market.Models;
using Radar.Market.Predictions;

namespace Radar.Jobs.FleetWorkflows;

/// <summary>
/// Takes stored prices and predictions from a folder into the candle tables. Only what is missing is written: a candle that is there
/// stays as it is, a prediction is written where its candle is there and has none.
/// </summary>
internal static class DatasetPull
{
    private const int Batch = 20_000;
    private static readonly string[] Endings = [".csv", ".csv.gz"];

    public static async Task<object?> RunAsync(
        TaskContext context, string folder, IReadOnlyList<string> symbols, IReadOnlyList<ModelId> models, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(folder))
        {
            throw new TaskFailedException(
                $"The folder of datasets '{Path.GetFullPath(folder)}' does not exist. Set Radar:Datasets:Directory to a folder of prices/ and predictions/, or unset it.");
        }

        var database = context.Services.GetRequiredService<NpgsqlDataSource>();
        var (candles, predictions) = (0L, 0L);
        foreach (var symbol in symbols)
        {
            var table = new CandleTable(database, symbol);
            await table.EnsureAsync(cancellationToken);
            candles += await ReadAsync(context, folder, Path.Combine("prices", symbol),
                file => PricesAsync(context, table, file, cancellationToken));
            var store = new PredictionStore(table);
            foreach (var model in models.Where(m => m.Crypto == symbol))
            {
                await store.EnsureAsync([model], cancellationToken);
                predictions += await ReadAsync(context, folder, Path.Combine("predictions", model.Crypto, model.Model, model.Version),
                    file => PredictionsAsync(context, store, model, file, cancellationToken));
            }
        }

        return new { candles, predictions };
    }

    private static async Task<long> ReadAsync(TaskContext context, string folder, string name, Func<string, Task<long>> pull)
    {
        var file = Endings.Select(end => Path.Combine(folder, name + end)).FirstOrDefault(File.Exists);
        if (file is null)
        {
            context.Log($"No {name}.csv or {name}.csv.gz: nothing to pull.");
            return 0;
        }

        try
        {
            return await pull(file);
        }
        catch (InvalidDataException unreadable)
        {
            throw new TaskFailedException(unreadable.Message, unreadable);
        }
    }

    private static async Task<long> PricesAsync(TaskContext context, CandleTable table, string file, CancellationToken cancellationToken)
    {
        var (read, added) = (0L, 0L);
        foreach (var batch in CandleFile.Read(file).Chunk(Batch))
        {
            var range = new TimeRange(batch.Min(c => c.OpenTime), batch.Max(c => c.OpenTime) + 1);
            var known = new HashSet<long>();
            await foreach (var rows in table.ReadAsync(range, cancellationToken: cancellationToken))
            {
                known.UnionWith(rows.Select(r => r.OpenTime));
            }

            added += (await table.InsertAsync([.. batch.Where(c => !known.Contains(c.OpenTime))], null, cancellationToken)).Added;
            read += batch.Length;
            context.Report(null, $"{table.Symbol}: read {read:N0} candles, {added:N0} were missing");
        }

        context.Log($"{Path.GetFileName(file)}: {read:N0} candles of {table.Symbol}, {added:N0} were missing and are stored.");
        return added;
    }

    private static async Task<long> PredictionsAsync(
        TaskContext context, PredictionStore store, ModelId model, string file, CancellationToken cancellationToken)
    {
        var (read, added) = (0L, 0L);
        foreach (var batch in PredictionFile.Read(file).Chunk(Batch))
        {
            added += await store.WriteAsync(model, batch, null, [], onlyMissing: true, cancellationToken);
            read += batch.Length;
            context.Report(null, $"{model}: read {read:N0} predictions, {added:N0} were missing");
        }

        context.Log($"{Path.GetFileName(file)}: {read:N0} predictions of {model}, {added:N0} candles lacked theirs and have it now.");
        return added;
    }
}
