using System.CommandLine;
using Npgsql;
using Radar.Jobs.Workflows;
using Radar.Market;
using Radar.Market.Candles;
using Radar.Market.Models;
using Radar.Market.Predictions;

namespace Radar.Scheduler.Cli;

/// <summary><c>radar export candles|predictions</c>, to standard output.</summary>
internal static class ExportCommand
{
    public static Command Create()
    {
        var what = new Argument<string>("what") { Description = "candles or predictions" };
        what.AcceptOnlyFromAmong("candles", "predictions");
        var from = new Option<string>("--from") { Required = true, Description = "First open time, UTC, e.g. 2023-03-20 or 2023-03-20T12:00:00" };
        var to = new Option<string>("--to") { Required = true, Description = "End, exclusive, UTC" };
        var crypto = new Option<string>("--crypto") { DefaultValueFactory = _ => "BTCUSDT", Description = "Symbol" };
        var format = new Option<ExportFormat>("--format") { DefaultValueFactory = _ => ExportFormat.Csv, Description = "csv or json" };
        return Verb.Create("export", "Write candles or predictions of a range", [what, from, to, crypto, format], async (parse, system, token) =>
        {
            var range = new TimeRange(Time("--from", parse.GetRequiredValue(from)), Time("--to", parse.GetRequiredValue(to)));
            if (range.From >= range.To)
            {
                throw new OperatorException($"--from {parse.GetValue(from)} is not before --to {parse.GetValue(to)}.");
            }
            await using var database = system.Database();
            var export = new CandleExport(new PredictionStore(new CandleTable(database, parse.GetRequiredValue(crypto))));
            await RefuseUnknownAsync(database, parse.GetRequiredValue(crypto), token);
            await using var output = Console.OpenStandardOutput();
            _ = parse.GetRequiredValue(what) == "candles"
                ? await export.WriteCandlesAsync(range, parse.GetValue(format), output, token)
                : await export.WritePredictionsAsync(
                    [.. ModelFiles.All().Select(file => file.Id).Where(id => id.Crypto == parse.GetRequiredValue(crypto))], range, parse.GetValue(format), output, token);
            return 0;
        });
    }

    private static async Task RefuseUnknownAsync(NpgsqlDataSource database, string crypto, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            "SELECT upper(table_name) FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'open_time' ORDER BY 1");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var known = new List<string>();
        while (await reader.ReadAsync(cancellationToken))
        {
            known.Add(reader.GetString(0));
        }
        if (!known.Contains(crypto, StringComparer.Ordinal))
        {
            throw new OperatorException(
                $"--crypto {crypto}: this system has no candles of it.{Nearest.Suggest(crypto, known)} It has those of: {(known.Count == 0 ? "nothing yet" : string.Join(", ", known))}.");
        }
    }

    private static long Time(string option, string text) => CandleTime.TryParse(text, out var time) || CandleTime.TryParse(text + " 00:00:00", out time)
        ? time
        : throw new OperatorException($"{option} {text} is no date or time: write it as 2023-03-20 or 2023-03-20T12:00:00, UTC.");
}

/// <summary>The model store that a system started from this clone uses.</summary>
internal static class ModelFiles
{
    /// <summary>Every model version.</summary>
    public static IReadOnlyList<ModelFile> All()
    {
        if (Environment.GetEnvironmentVariable("RADAR__MODELS__DIRECTORY") is { Length: > 0 } set)
        {
            return ModelStore.Discover(set);
        }
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Radar.sln")))
            {
                return ModelStore.Discover(Path.Combine(folder.FullName, "models"));
            }
        }
        return ModelStore.Discover("models");
    }
}
