using System.CommandLine;
using Npgsql;
using Radar.Jobs.Engine;
using Radar.Jobs.Fleet;
using Radar.Jobs.Runs;
using Radar.Market;
using Radar.Market.Candles;
using Radar.Market.Models;
using Radar.Market.Predictions;

namespace Radar.Scheduler.Cli;

/// <summary><c>radar check</c>: the invariants, one line each; exit code 1 when one is broken.</summary>
internal static class CheckCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    public static Command Create() => Verb.Create("check", "Hold the system against its invariants", [], async (_, system, token) =>
    {
        await using var database = system.Database();
        var broken = false;
        foreach (var (invariant, findAsync) in Invariants(system, database, token))
        {
            // A system at work is always in the middle of something: only what stays is a fault.
            var finding = await findAsync();
            for (var started = TimeProvider.System.GetTimestamp(); finding.Verdict != "ok" && TimeProvider.System.GetElapsedTime(started) < Patience;)
            {
                await Task.Delay(Look, TimeProvider.System, token);
                finding = await findAsync();
            }
            broken |= finding.Faults.Count > 0;
            Console.WriteLine($"{finding.Verdict,-6} {invariant}{finding.Detail}");
        }
        return broken ? 1 : 0;
    });

    private static IEnumerable<(string Invariant, Func<Task<Finding>> FindAsync)> Invariants(
        SystemFolder system, NpgsqlDataSource database, CancellationToken token)
    {
        var models = ModelFiles.All();
        foreach (var symbol in models.Select(model => model.Id.Crypto).Distinct())
        {
            var table = new CandleTable(database, symbol);
            ModelFile[] ours = [.. models.Where(model => model.Id.Crypto == symbol)];
            yield return ($"{symbol}: no candle is missing that the exchange has", () => new GapCheck(Exchange(system), table).FindAsync(token));
            yield return ($"{symbol}: no candle is there twice, none is out of its minute", Of(() => RowsAsync(
                database,
                $"SELECT open_time::text FROM public.\"{symbol.ToLowerInvariant()}\" GROUP BY open_time HAVING count(*) > 1 OR date_trunc('minute', open_time) <> open_time",
                token)));
            yield return ($"{symbol}: every candle that can have a prediction has it", Of(() => PredictionsAsync(table, ours, token)));
            var files = new FileCheck(system.Path, table, [.. ours.Select(model => model.Id)]);
            yield return ($"{symbol}: the files of prices and predictions say what the table says", () => files.FindAsync(token));
        }
        yield return ("no run or task is stuck", Of(() => new RunAudit(database).FindAsync(token)));
        yield return ("engine jobs and tasks agree", Of(() => EngineFaultsAsync(database, token)));
        yield return ("processes and workers agree", Of(() => new FleetAudit(database).FindAsync(token)));
        yield return ("no worker has failed", Of(() => RowsAsync(
            database, "SELECT worker_id || ': ' || coalesce(error, '') FROM radar.workers WHERE actual = 'failed'", token)));
    }

    private static Func<Task<Finding>> Of(Func<Task<IReadOnlyList<string>>> findAsync) => async () => new Finding(await findAsync());

    private static Uri Exchange(SystemFolder system) =>
        new(system.Address("exchange") ?? Environment.GetEnvironmentVariable("RADAR__EXCHANGE__BASEURL") ?? "https://data-api.binance.vision");

    private static async Task<IReadOnlyList<string>> PredictionsAsync(CandleTable table, IReadOnlyList<ModelFile> models, CancellationToken cancellationToken)
    {
        var inputs = new List<(ModelId Id, ModelInput Input)>();
        foreach (var file in models)
        {
            using var model = PredictionModel.Load(file);
            inputs.Add((file.Id, model.Input));
        }
        var coverage = await new PredictionStore(table).CoverageAsync(inputs, new TimeRange(long.MinValue, long.MaxValue), cancellationToken);
        return [.. coverage.Where(version => version.Missing > 0)
            .Select(version => $"{version.Model} lacks {version.Missing} of {version.Expected}, the first at {CandleTime.Format(version.FirstMissing ?? 0)}")];
    }

    private static async Task<IReadOnlyList<string>> EngineFaultsAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        // What another engine left when it was switched away from concerns nobody.
        var engine = EnginePackages.Choose(null, await EngineRecord.ReadAsync(database, cancellationToken));
        return await engine.AuditAsync(database, cancellationToken);
    }

    private static async Task<IReadOnlyList<string>> RowsAsync(NpgsqlDataSource database, string sql, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<string>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(reader.GetString(0));
        }
        return rows;
    }
}
