using System.CommandLine;
using Radar.Embedded.Postgres;

namespace Radar.Embedded.Launch;

/// <summary><c>radar down</c>: kill-fleet, then every service, in order.</summary>
internal static class DownCommand
{
    // What a launcher and its services keep in a state folder; nothing else there is ours to remove. What tells that it is one goes last: an erasure
    // that was cut short can be done again.
    private static readonly string[] Kept =
    [
        "logs", "kafka", "exchange", "clickhouse", Path.Combine("data", "prices"), Path.Combine("data", "predictions"),
        "system.json.half", "secrets.json.half", "system.json", "secrets.json", "up.lock",
    ];

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan LeftoverPatience = TimeSpan.FromSeconds(60);

    public static Command Create()
    {
        var state = StateOption.Create();
        var erase = new Option<bool>("--erase") { Description = "Remove what is kept in the state folder: candles, predictions, logs, passwords" };
        var command = new Command("down", "Stop the fleet and everything that up started") { state, erase };
        command.SetAction((parse, token) =>
            RunAsync(new StateFolder(parse.GetRequiredValue(state).FullName), parse.GetValue(erase), TimeProvider.System, token));
        return command;
    }

    private static async Task<int> RunAsync(StateFolder state, bool erase, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            if (erase && !state.IsRadars && Directory.Exists(state.Path) && Directory.EnumerateFileSystemEntries(state.Path).Any())
            {
                throw new EmbeddedException(
                    $"No system was ever started in {state.Path} (it has no system.json, secrets.json or up.lock), so nothing there is Radar's: nothing was erased.");
            }
            await StopAsync(state, time, cancellationToken);
            if (erase)
            {
                Erase(state);
            }
            return 0;
        }
        catch (EmbeddedException ex)
        {
            await Console.Error.WriteLineAsync($"radar down: {ex.Message}");
            return 1;
        }
        catch (Exception ex) when (ex is UnauthorizedAccessException or IOException)
        {
            await Console.Error.WriteLineAsync($"radar down: {state.Refused(ex)}");
            return 1;
        }
        catch (OperationCanceledException)
        {
            return 130;
        }
    }

    private static async Task StopAsync(StateFolder state, TimeProvider time, CancellationToken cancellationToken)
    {
        if (Read(state) is not { } system)
        {
            await Leftovers.WaitAsync(state, LeftoverPatience, time, cancellationToken);
            Console.WriteLine($"nothing runs in {state.Path}");
            return;
        }
        if (ProcessIdentity.Parse(system.Launcher) is { IsAlive: true } launcher)
        {
            await StopAsync(state, launcher, time, cancellationToken);
        }
        await Leftovers.WaitAsync(state, LeftoverPatience, time, cancellationToken);
        if (state.ReadSystem() is { Phase: not (SystemPhase.Down or SystemPhase.Failed) } stale)
        {
            // Its launcher died without a word.
            state.WriteSystem(stale with
            {
                Phase = SystemPhase.Down,
                Services = [.. stale.Services.Select(service => service with { State = "stopped", Pid = 0, Process = null })],
            });
        }
        Console.WriteLine($"nothing runs in {state.Path}");
    }

    private static async Task StopAsync(StateFolder state, ProcessIdentity launcher, TimeProvider time, CancellationToken cancellationToken)
    {
        var log = state.Log("up");
        var position = File.Exists(log) ? new FileInfo(log).Length : 0;
        if (!Signals.Terminate(launcher.Pid))
        {
            throw new EmbeddedException($"The launcher (pid {launcher.Pid}) of the system in {state.Path} is another user's and cannot be stopped: run ./radar down as that user.");
        }
        var started = time.GetTimestamp();
        var killed = false;
        while (launcher.IsAlive)
        {
            position = Attendance.Repeat(log, position);
            if (!killed && time.GetElapsedTime(started) > Patience)
            {
                Console.WriteLine($"the launcher (pid {launcher.Pid}) did not end within {Patience.TotalMinutes:0} minutes and is killed");
                Signals.Kill(launcher.Pid);
                killed = true;
            }
            await Task.Delay(TimeSpan.FromMilliseconds(100), time, cancellationToken);
        }
        Attendance.Repeat(log, position);
    }

    // A damaged file must not keep anybody from stopping and erasing what it described.
    private static SystemState? Read(StateFolder state)
    {
        try
        {
            return state.ReadSystem();
        }
        catch (EmbeddedException ex)
        {
            Console.WriteLine(ex.Message);
            return null;
        }
    }

    private static void Erase(StateFolder state)
    {
        if (Lifeline.IsHeld(state.Lock))
        {
            throw new EmbeddedException($"A system was started in {state.Path} meanwhile: nothing was erased.");
        }
        PostgresServer.Erase(state.In("postgres"));
        foreach (var name in Kept)
        {
            if (Directory.Exists(state.In(name)))
            {
                Directory.Delete(state.In(name), recursive: true);
            }
            else if (File.Exists(state.In(name)))
            {
                File.Delete(state.In(name));
            }
        }
        if (Directory.Exists(state.In("data")) && !Directory.EnumerateFileSystemEntries(state.In("data")).Any())
        {
            Directory.Delete(state.In("data"));
        }
        if (!Directory.Exists(state.Path))
        {
            return;
        }
        if (Directory.EnumerateFileSystemEntries(state.Path).FirstOrDefault() is { } foreign)
        {
            Console.WriteLine($"erased what Radar kept in {state.Path}; the rest stays ({Path.GetFileName(foreign)} is not Radar's)");
            return;
        }
        Directory.Delete(state.Path);
        Console.WriteLine($"erased {state.Path}");
    }
}
