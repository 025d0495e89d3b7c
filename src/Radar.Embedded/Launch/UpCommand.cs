using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Radar.Embedded.Processes;

namespace Radar.Embedded.Launch;

/// <summary><c>radar up</c>: brings a system up, in the foreground or, with --headless, on its own.</summary>
internal static class UpCommand
{
    private static readonly Option<bool> Simulate = new("--simulate") { Description = "A made-up market (the default)" };
    private static readonly Option<string?> Replay = new("--replay") { Description = "A folder of Binance dumps (.csv, .csv.gz, .zip)" };
    private static readonly Option<bool> Live = new("--live") { Description = "The real exchange" };
    private static readonly Option<string?> From = new("--from") { Description = "First candle, UTC" };
    private static readonly Option<string?> To = new("--to") { Description = "Where the market ends, UTC" };
    private static readonly Option<string?> HistoryUntil = new("--history-until") { Description = "Candles before are there at once; default: a day before --to" };
    private static readonly Option<string?> Speed = new("--speed") { Description = "Market seconds in one of ours, or max; default 1" };
    private static readonly Option<bool> MarketCapture = new("--market-capture") { Description = $"Run ClickHouse too, for trades and order books; {UpPlan.MarketCaptureVariable}=true says the same" };
    private static readonly Option<bool> Headless = new("--headless") { Description = "Return when the system is up; it runs until ./radar down" };
    private static readonly Option<bool> UntilCaughtUp = new("--until-caught-up") { Description = "Return when every candle of the range has its predictions" };
    private static readonly Option<int?> PageSize = new("--page-size") { Description = "Candles in a call to the exchange, 1 to 1000" };
    private static readonly Option<int?> Port = new("--port") { Description = "Dashboard's port; default 8321, or a free one" };
    private static readonly Option<string?> ExchangeOptions = new("--exchange-options") { Description = "Further options of the simulated exchange, e.g. \"--faults 429=20\"" };
    private static readonly Option<bool> Supervise = new("--supervise") { Hidden = true };

    public static Command Create()
    {
        var state = StateOption.Create();
        var command = new Command("up", "Start PostgreSQL, Kafka, the exchange, scheduler and agent, and the fleet")
        {
            Simulate, Replay, Live, From, To, HistoryUntil, Speed, Headless, UntilCaughtUp, PageSize, Port, ExchangeOptions, MarketCapture, Supervise, state,
        };
        command.SetAction((parse, token) => RunAsync(parse, new StateFolder(parse.GetRequiredValue(state).FullName), token));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parse, StateFolder state, CancellationToken cancellationToken)
    {
        try
        {
            if (parse.GetValue(Supervise))
            {
                return await SuperviseAsync(Plan(parse, state), state, attended: false, cancellationToken);
            }
            var waits = parse.GetValue(Headless) || parse.GetValue(UntilCaughtUp);
            if (Lifeline.IsHeld(state.Lock))
            {
                Console.WriteLine($"a system runs already in {state.Path}; ./radar down stops it");
                Welcome.Say(state, Console.WriteLine);
                if (!waits)
                {
                    return 0;
                }
            }
            else if (!waits)
            {
                return await SuperviseAsync(Plan(parse, state), state, attended: true, cancellationToken);
            }
            else
            {
                _ = Plan(parse, state); // What is wrong with it is said here, not in a log.
                await DetachAsync(parse, state, cancellationToken);
                Welcome.Say(state, Console.WriteLine); // Not by the detached one: a log is no place for a password.
            }
            await Attendance.WaitAsync(state, parse.GetValue(UntilCaughtUp), TimeProvider.System, cancellationToken);
            return 0;
        }
        catch (EmbeddedException ex)
        {
            await Console.Error.WriteLineAsync($"radar up: {ex.Message}");
            if (Lifeline.IsHeld(state.Lock) && !parse.GetValue(Supervise))
            {
                await Console.Error.WriteLineAsync("The system stays up for ./radar status and ./radar logs. After correcting something: ./radar down, and up again.");
            }
            return 1;
        }
        catch (Exception ex) when (ex is UnauthorizedAccessException or IOException)
        {
            await Console.Error.WriteLineAsync($"radar up: {state.Refused(ex)}");
            return 1;
        }
        catch (OperationCanceledException)
        {
            return 130;
        }
    }

    private static UpPlan Plan(ParseResult parse, StateFolder state) => UpPlan.Make(
        new UpArguments
        {
            Simulate = parse.GetValue(Simulate),
            Replay = parse.GetValue(Replay),
            Live = parse.GetValue(Live),
            From = parse.GetValue(From),
            To = parse.GetValue(To),
            HistoryUntil = parse.GetValue(HistoryUntil),
            Speed = parse.GetValue(Speed),
            PageSize = parse.GetValue(PageSize),
            Port = parse.GetValue(Port),
            ExchangeOptions = parse.GetValue(ExchangeOptions),
            MarketCapture = parse.GetValue(MarketCapture) || UpPlan.MarketCaptureIsSet(),
        },
        state.ReadSystem(),
        TimeProvider.System);

    private static async Task<int> SuperviseAsync(UpPlan plan, StateFolder state, bool attended, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var hangup = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop); // A closed terminal is Ctrl-C, not a crash.
        var say = BestEffort.Say(Console.WriteLine);
        await using var supervisor = new SystemSupervisor(state, plan, say, TimeProvider.System);
        await supervisor.StartAsync(stop.Token);
        if (attended)
        {
            Welcome.Say(state, say);
        }
        try
        {
            await Attendance.StreamAsync(state, attended ? say : _ => { }, TimeProvider.System, stop.Token);
        }
        catch (OperationCanceledException)
        {
            say("stopping");
        }
        await supervisor.StopAsync();
        return 0;

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Cancel();
        }
    }

    // The supervising process has a session and a log of its own; what it says while it starts is repeated here.
    private static async Task DetachAsync(ParseResult parse, StateFolder state, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(state.Logs);
        var log = state.Log("up");
        var begun = File.Exists(log) ? new FileInfo(log).Length : 0;
        var position = begun;
        var start = new ProcessStartInfo("setsid");
        foreach (var argument in (string[])
            ["sh", "-c", "log=$1; shift; exec \"$@\" </dev/null >>\"$log\" 2>&1", "sh", log,
             "dotnet", Path.Combine(AppContext.BaseDirectory, "radar-embedded.dll"), "up", "--supervise",
             .. parse.Tokens.Skip(1).Select(token => token.Value).Where(token => token is not ("--headless" or "--until-caught-up"))])
        {
            start.ArgumentList.Add(argument);
        }
        using var supervisor = Process.Start(start)!;
        while (true)
        {
            position = Attendance.Repeat(log, position);
            var system = state.ReadSystem();
            if (system?.Launcher.Split(' ') is [_, var pid, _] && pid == supervisor.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)
                && system.Phase == SystemPhase.Up)
            {
                Attendance.Repeat(log, position);
                return;
            }
            if (supervisor.HasExited)
            {
                throw new EmbeddedException($"the system did not come up:\n{Attendance.Reason(log, begun)}");
            }
            try
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                Signals.Terminate(supervisor.Id); // Nobody waits for it any more: it stops what it has started.
                throw;
            }
        }
    }
}
