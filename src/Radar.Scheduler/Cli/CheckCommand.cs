using System.CommandLine;
using System.Text.Json;
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
            var findings = await findAsync();
            for (var started = TimeProvider.System.GetTimestamp(); findings.Count > 0 && TimeProvider.System.GetElapsedTime(started) < Patience;)
            {
                await Task.Delay(Look, TimeProvider.System, token);
                findings = await findAsync();
            }
            broken |= findings.Count > 0;
            Console.WriteLine($"{(findings.Count == 0 ? "ok" : "FAULT"),-6} {invariant}{(findings.Count == 0 ? "" : ": " + string.Join("; ", findings.Take(5)))}");
        }
        return broken ? 1 : 0;
    });

    private static IEnumerable<(string Invariant, Func<Task<IReadOnlyList<string>>> FindAsync)> Invariants(
        SystemFolder system, NpgsqlDataSource database, CancellationToken token)
    {
        var models = ModelFiles.All();
        foreach (var symbol in models.Select(model => model.Id.Crypto).Distinct())
        {
            var table = new CandleTable(database, symbol);
            yield return ($"{symbol}: no candle is missing that the exchange has", () => GapsAsync(system, table, token));
            yield return ($"{symbol}: no candle is there twice, none is out of its minute", () => RowsAsync(
                database,
                $"SELECT open_time::text FROM public.\"{symbol.ToLowerInvariant()}\" GROUP BY open_time HAVING count(*) > 1 OR date_trunc('minute', open_time) <> open_time LIMIT 5",
                token));
            yield return ($"{symbol}: every candle that can have a prediction has it", () => PredictionsAsync(
                table, [.. models.Where(model => model.Id.Crypto == symbol)], token));
        }
        yield return ("no run or task is stuck", () => new RunAudit(database).FindAsync(token));
        yield return ("engine jobs and tasks agree", () => EngineFaultsAsync(database, token));
        yield return ("processes and workers agree", () => new FleetAudit(database).FindAsync(token));
        yield return ("no worker has failed", () => RowsAsync(
            database, "SELECT worker_id || ': ' || coalesce(error, '') FROM radar.workers WHERE actual = 'failed'", token));
    }

    private static async Task<IReadOnlyList<string>> GapsAsync(SystemFolder system, CandleTable table, CancellationToken cancellationToken)
    {
        var findings = new List<string>();
        foreach (var gap in await table.GapsAsync(new TimeRange(long.MinValue, long.MaxValue), cancellationToken))
        {
            if (await ExchangeHasAsync(system, table.Symbol, gap, cancellationToken) is not false)
            {
                findings.Add($"from {CandleTime.Format(gap.From)} to {CandleTime.Format(gap.To)}");
            }
        }
        return findings;
    }

    // Null when the exchange cannot be asked: then nobody knows, and the gap is named.
    private static async Task<bool?> ExchangeHasAsync(SystemFolder system, string symbol, CandleGap gap, CancellationToken cancellationToken)
    {
        var exchange = system.Address("exchange") ?? Environment.GetEnvironmentVariable("RADAR__EXCHANGE__BASEURL") ?? "https://data-api.binance.vision";
        try
        {
            using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(10) };
            var klines = await http.GetFromJsonAsync<JsonElement>(
                new Uri($"{exchange}/api/v3/klines?symbol={symbol}&interval=1m&startTime={gap.From}&endTime={gap.To - 1}&limit=1"), cancellationToken);
            return klines.GetArrayLength() > 0;
        }
        catch (Exception silent) when (silent is HttpRequestException or JsonException or InvalidOperationException
            || silent is TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return null; // Away, overloaded, or cut off in the middle of its answer: the next look may fare better.
        }
    }

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
