using System.CommandLine;
using System.Runtime.CompilerServices;
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
        // At once: most have nothing to wait for, and those that have wait together. Told in their order, each as soon as it and those before are known.
        var findings = new List<(string Invariant, Task<Finding> Finding)>();
        await foreach (var (invariant, lookAsync) in InvariantsAsync(system, database, token))
        {
            findings.Add((invariant, FindAsync(lookAsync, token)));
        }
        foreach (var (invariant, found) in findings)
        {
            var finding = await found;
            broken |= finding.Faults.Count > 0;
            Console.WriteLine($"{finding.Verdict,-6} {invariant}{finding.Detail}");
        }
        return broken ? 1 : 0;
    });

    // A system at work is always in the middle of something: only what stays is a fault.
    private static async Task<Finding> FindAsync(Func<Task<Finding>> lookAsync, CancellationToken cancellationToken)
    {
        var started = TimeProvider.System.GetTimestamp();
        var finding = await lookAsync();
        while (finding.Verdict != "ok" && TimeProvider.System.GetElapsedTime(started) < Patience)
        {
            await Task.Delay(Look, TimeProvider.System, cancellationToken);
            finding = await lookAsync();
        }
        return finding;
    }

    private static async IAsyncEnumerable<(string Invariant, Func<Task<Finding>> FindAsync)> InvariantsAsync(
        SystemFolder system, NpgsqlDataSource database, [EnumeratorCancellation] CancellationToken token)
    {
        var models = ModelFiles.All();
        foreach (var symbol in Symbols().Union(models.Select(model => model.Id.Crypto)))
        {
            var table = new CandleTable(database, symbol);
            if (!await IsAsync(database, $"SELECT to_regclass('public.\"{symbol.ToLowerInvariant()}\"') IS NOT NULL", token))
            {
                yield return ($"{symbol}: there are candles", async () => new Finding([], await IsCapturedAsync(database, token) ? "none is stored yet" : null));
                continue;
            }
            ModelFile[] ours = [.. models.Where(model => model.Id.Crypto == symbol)];
            var gaps = new GapCheck(Exchange(system), system.Mode is "simulate" or "replay", table, stop => IsCapturedAsync(database, stop));
            yield return ($"{symbol}: no candle is missing that the exchange has", () => gaps.FindAsync(token));
            yield return ($"{symbol}: no candle is there twice, none is out of its minute", Of(() => RowsAsync(
                database,
                $"SELECT open_time::text FROM public.\"{symbol.ToLowerInvariant()}\" GROUP BY open_time HAVING count(*) > 1 OR date_trunc('minute', open_time) <> open_time",
                token)));
            var inputs = new Lazy<IReadOnlyList<(ModelId, ModelInput)>>(() => [.. ours.Select(Open)]);
            yield return ($"{symbol}: every candle that can have a prediction has it", Of(() => PredictionsAsync(table, inputs.Value, token)));
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

    // What is captured: a coin without a model has candles to be looked after too.
    private static string[] Symbols() => (Environment.GetEnvironmentVariable("RADAR__MARKET__SYMBOLS") is { Length: > 0 } set ? set : "BTCUSDT")
        .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static Task<bool> IsCapturedAsync(NpgsqlDataSource database, CancellationToken cancellationToken) =>
        IsAsync(database, $"SELECT EXISTS (SELECT FROM radar.workers WHERE kind = '{WorkerKinds.CandleProducer}' AND desired = 'start')", cancellationToken);

    private static async Task<bool> IsAsync(NpgsqlDataSource database, string sql, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(sql);
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }

    private static (ModelId Id, ModelInput Input) Open(ModelFile file)
    {
        using var model = PredictionModel.Load(file);
        return (file.Id, model.Input);
    }

    private static async Task<IReadOnlyList<string>> PredictionsAsync(
        CandleTable table, IReadOnlyList<(ModelId Id, ModelInput Input)> inputs, CancellationToken cancellationToken)
    {
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
