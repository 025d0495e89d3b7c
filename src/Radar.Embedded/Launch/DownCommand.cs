using System.CommandLine;
using Radar.Embedded.Postgres;

namespace Radar.Embedded.Launch;

/// <summary><c>radar down</c>: kill-fleet, then every service, in order.</summary>
internal static class DownCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan LeftoverPatience = TimeSpan.FromSeconds(30);

    public static Command Create()
    {
        var state = StateOption.Create();
        var erase = new Option<bool>("--erase") { Description = "Remove the state folder: candles, predictions, logs, passwords" };
        var command = new Command("down", "Stop the fleet and everything that up started") { state, erase };
        command.SetAction((parse, token) =>
            RunAsync(new StateFolder(parse.GetRequiredValue(state).FullName), parse.GetValue(erase), TimeProvider.System, token));
        return command;
    }

    private static async Task<int> RunAsync(StateFolder state, bool erase, TimeProvider time, CancellationToken cancellationToken)
    {
        var system = state.ReadSystem();
        if (system is null)
        {
            Console.WriteLine($"nothing was ever started in {state.Path}");
        }
        else
        {
            await StopAsync(state, system, time, cancellationToken);
        }
        if (erase && Directory.Exists(state.Path))
        {
            Erase(state);
            Console.WriteLine($"erased {state.Path}");
        }
        return 0;
    }

    private static async Task StopAsync(StateFolder state, SystemState system, TimeProvider time, CancellationToken cancellationToken)
    {
        if (ProcessIdentity.Parse(system.Launcher) is { IsAlive: true } launcher)
        {
            var log = state.Log("up");
            var position = File.Exists(log) ? new FileInfo(log).Length : 0;
            Signals.Terminate(launcher.Pid);
            var started = time.GetTimestamp();
            while (launcher.IsAlive)
            {
                position = Attendance.Repeat(log, position);
                if (time.GetElapsedTime(started) > Patience)
                {
                    Console.WriteLine($"the launcher (pid {launcher.Pid}) did not end within {Patience.TotalMinutes:0} minutes and is killed");
                    Signals.Kill(launcher.Pid);
                }
                await Task.Delay(TimeSpan.FromMilliseconds(100), time, cancellationToken);
            }
            Attendance.Repeat(log, position);
        }
        await Leftovers.WaitAsync(state.ReadSystem(), LeftoverPatience, time, cancellationToken);
        Console.WriteLine($"nothing runs in {state.Path}");
    }

    private static void Erase(StateFolder state)
    {
        var postgres = state.In("postgres");
        var elsewhere = PostgresHome.Elsewhere(postgres);
        if (new DirectoryInfo(postgres).LinkTarget is not null)
        {
            Directory.Delete(postgres);
        }
        if (Directory.Exists(elsewhere))
        {
            Directory.Delete(elsewhere, recursive: true);
        }
        Directory.Delete(state.Path, recursive: true);
    }
}
