namespace Radar.Embedded.Launch;

/// <summary>Watching a system that runs: what happens in it, and whether it has got where it was to go.</summary>
internal static class Attendance
{
    private const string Begins = "radar up: ";
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan StartDeadline = TimeSpan.FromMinutes(5);

    /// <summary>Waits until the fleet is started and, if asked, until it has caught up.</summary>
    public static async Task WaitAsync(StateFolder state, bool untilCaughtUp, TimeProvider time, CancellationToken cancellationToken)
    {
        var system = state.ReadSystem() ?? throw new EmbeddedException($"{state.Path} has no system.json: nothing was started there.");
        var secrets = state.ReadSecrets() ?? throw new EmbeddedException($"{state.Path} has no secrets.json: nothing was started there.");
        await using var database = new SystemDatabase(secrets.Database);
        var events = new EventStream(database, Console.WriteLine);
        if (system.StartRun is { } run)
        {
            var started = time.GetTimestamp();
            while ((await RunFollower.StateAsync(database, run, cancellationToken)).State != "succeeded")
            {
                RefuseWithoutLauncher(state);
                await events.SayNewAsync(cancellationToken);
                if (time.GetElapsedTime(started) > StartDeadline)
                {
                    throw new EmbeddedException($"start-fleet (run {run}) did not end within {StartDeadline.TotalMinutes:0} minutes: see ./radar status.");
                }
                await Task.Delay(Look, time, cancellationToken);
            }
            await events.SayNewAsync(cancellationToken);
        }
        Console.WriteLine("the fleet runs");
        if (untilCaughtUp)
        {
            if (system.To is null || system.Services.FirstOrDefault(service => service.Name == "exchange")?.Address is not { } exchange)
            {
                throw new EmbeddedException("--until-caught-up needs a market with an end: give --to, or replay a folder.");
            }
            var models = Environment.GetEnvironmentVariable("RADAR__MODELS__DIRECTORY") ?? Path.Combine(RepositoryRoot.Path, "models");
            await new CatchUp(state, database, new Uri(exchange), models, Console.WriteLine, time).WaitAsync(cancellationToken);
        }
    }

    /// <summary>Ends a wait for a system that was stopped, or whose launcher died, meanwhile.</summary>
    public static void RefuseWithoutLauncher(StateFolder state)
    {
        if (!Lifeline.IsHeld(state.Lock))
        {
            throw new EmbeddedException($"The system in {state.Path} was stopped meanwhile: see {state.Log("up")}, start it again with ./radar up.");
        }
    }

    /// <summary>Says what happens until told to stop.</summary>
    public static async Task StreamAsync(StateFolder state, Action<string> say, TimeProvider time, CancellationToken cancellationToken)
    {
        await using var database = new SystemDatabase(state.ReadSecrets()!.Database);
        var events = new EventStream(database, say);
        while (true)
        {
            await events.SayNewAsync(cancellationToken);
            await Task.Delay(Look, time, cancellationToken);
        }
    }

    /// <summary>Repeats what was added to a log, but not why its writer ends: whoever waits for it says that himself.</summary>
    /// <returns>Where it ends now.</returns>
    public static long Repeat(string log, long position)
    {
        var (text, end) = Added(log, position);
        var reason = ("\n" + text).IndexOf("\n" + Begins, StringComparison.Ordinal);
        Console.Write(reason < 0 ? text : text[..reason]);
        return end;
    }

    /// <summary>Why a supervisor ended, from what it has added to its log.</summary>
    public static string Reason(string log, long begun)
    {
        var lines = Added(log, begun).Text.TrimEnd().Split('\n');
        var reason = Array.FindLastIndex(lines, line => line.StartsWith(Begins, StringComparison.Ordinal));
        return reason < 0 ? string.Join('\n', lines.TakeLast(15)) : string.Join('\n', lines.Skip(reason))[Begins.Length..];
    }

    private static (string Text, long End) Added(string log, long position)
    {
        if (!File.Exists(log))
        {
            return ("", position);
        }
        using var stream = new FileStream(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        stream.Position = Math.Min(position, stream.Length);
        using var reader = new StreamReader(stream);
        return (reader.ReadToEnd(), stream.Position);
    }
}
