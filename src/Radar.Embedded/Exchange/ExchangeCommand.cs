using System.CommandLine;
using System.Globalization;
using Radar.Embedded.Exchange.Wallex;
using Radar.Embedded.Processes;
using Radar.Market.Binance;
using Radar.Market.Candles;

namespace Radar.Embedded.Exchange;

/// <summary><c>radar-embedded exchange</c>: the simulated exchange until told to stop.</summary>
internal static class ExchangeCommand
{
    private static readonly Option<DirectoryInfo> State = new("--state") { Required = true, Description = "State folder; the clock is kept in its folder exchange" };
    private static readonly Option<int> Port = new("--port") { Required = true, Description = "Loopback port" };
    private static readonly Option<string> Symbols = new("--symbols") { DefaultValueFactory = _ => "BTCUSDT", Description = "Symbols, with commas" };
    private static readonly Option<string?> Replay = new("--replay") { Description = "Folder of Binance dumps; without it candles are made up" };
    private static readonly Option<int> Seed = new("--seed") { DefaultValueFactory = _ => 1, Description = "Seed of made-up candles and of faults" };
    private static readonly Option<string> From = new("--from") { Required = true, Description = "First open time, UTC" };
    private static readonly Option<string?> To = new("--to") { Description = "Where the clock stops, UTC" };
    private static readonly Option<string> HistoryUntil = new("--history-until") { Required = true, Description = "Where the clock starts, UTC" };
    private static readonly Option<string> Speed = new("--speed") { DefaultValueFactory = _ => "1", Description = "Its seconds in one of ours, or max" };
    private static readonly Option<int?> WeightLimit = new("--weight-limit") { Description = "Request weight in a window; default 6000 as the real one, more where the clock steps" };
    private static readonly Option<int> WeightWindow = new("--weight-window") { DefaultValueFactory = _ => 60, Description = "That window, seconds" };
    private static readonly Option<string> Faults = new("--faults") { DefaultValueFactory = _ => "", Description = "Faults to serve, e.g. 429=20,418=20,500=20,cut=20,timeout=20" };
    private static readonly Option<int> FaultSpan = new("--fault-span") { DefaultValueFactory = _ => 800, Description = "Klines calls the faults are spread over" };

    public static Command Create()
    {
        var command = new Command("exchange", "Run the simulated exchange on loopback")
        {
            State, Port, Symbols, Replay, Seed, From, To, HistoryUntil, Speed, WeightLimit, WeightWindow, Faults, FaultSpan,
        };
        WallexCommandOptions.AddTo(command);
        command.SetAction(parse => ServiceHost.RunAsync(
            parse.GetRequiredValue(State).FullName, ["agent"], token => RunAsync(Settings(parse), token), TimeProvider.System));
        return command;
    }

    /// <summary>Holds further options, as <c>up --exchange-options</c> takes them, against what there is.</summary>
    /// <exception cref="EmbeddedException">Names the first that it does not have or whose value it cannot take.</exception>
    public static void Check(IReadOnlyList<string> options)
    {
        var parse = Create().Parse(["--state", ".", "--port", "0", "--from", "2000-01-01", "--history-until", "2000-01-01", .. options]);
        if (parse.Errors is [var wrong, ..])
        {
            throw new EmbeddedException($"{wrong.Message} It takes {Symbols.Name}, {Seed.Name}, {WeightLimit.Name}, {WeightWindow.Name}, {Faults.Name}, {FaultSpan.Name}.");
        }
        _ = Settings(parse);
    }

    private static async Task<int> RunAsync(ExchangeSettings settings, CancellationToken stop)
    {
        await using var server = await ExchangeServer.StartAsync(settings, TimeProvider.System, stop);
        Console.WriteLine($"The exchange answers at {server.Address}");
        await Task.WhenAny(Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop));
        return 0;
    }

    private static ExchangeSettings Settings(ParseResult parse) => new()
    {
        Port = parse.GetRequiredValue(Port),
        Symbols = parse.GetRequiredValue(Symbols).Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
        ReplayFolder = parse.GetValue(Replay),
        Seed = parse.GetRequiredValue(Seed),
        From = Time(From.Name, parse.GetRequiredValue(From)),
        To = parse.GetValue(To) is { } to ? Time(To.Name, to) : null,
        HistoryUntil = Time(HistoryUntil.Name, parse.GetRequiredValue(HistoryUntil)),
        Speed = ReadSpeed(parse).Rate,
        // A day stepped through in seconds costs what the real exchange allows in minutes.
        WeightLimit = parse.GetValue(WeightLimit) ?? (ReadSpeed(parse).Steps ? 1_000_000 : 6_000),
        WeightWindowSeconds = Math.Max(1, parse.GetRequiredValue(WeightWindow)),
        Faults = ReadFaults(parse.GetRequiredValue(Faults)),
        FaultSpan = parse.GetRequiredValue(FaultSpan),
        Folder = Path.Combine(parse.GetRequiredValue(State).FullName, "exchange"),
        Wallex = WallexCommandOptions.Read(parse, parse.GetRequiredValue(Seed), Path.Combine(parse.GetRequiredValue(State).FullName, "exchange", "wallex")),
    };

    private static ExchangeClock ReadSpeed(ParseResult parse) => ExchangeClock.TryParse(parse.GetRequiredValue(Speed))
        ?? throw new EmbeddedException($"--speed {parse.GetRequiredValue(Speed)} is neither a number above 0 nor max.");

    /// <summary>Reads a date or time in UTC.</summary>
    public static long Time(string option, string text) => CandleTime.TryParse(text, out var time) || CandleTime.TryParse(text + " 00:00:00", out time)
        ? time
        : throw new EmbeddedException($"{option} {text} is no date or time: write it as 2023-03-20 or 2023-03-20T12:00:00, UTC.");

    private static Dictionary<string, int> ReadFaults(string text) => text.Split(',', StringSplitOptions.RemoveEmptyEntries)
        .Select(part => part.Split('=')).ToDictionary(
            part => part[0],
            part => part.Length == 2 && FaultPlan.Kinds.Contains(part[0]) && int.TryParse(part[1], CultureInfo.InvariantCulture, out var count)
                ? count
                : throw new EmbeddedException($"--faults {string.Join('=', part)} is not KIND=COUNT with one of {string.Join(", ", FaultPlan.Kinds)}."));
}
