using System.CommandLine;
using Radar.Embedded.Processes;

namespace Radar.Embedded.Postgres;

/// <summary><c>radar-embedded postgres</c>: a PostgreSQL server until told to stop.</summary>
internal static class PostgresCommand
{
    /// <summary>The variable that carries the password, which must not stand on a command line.</summary>
    public const string PasswordVariable = "RADAR_POSTGRES_PASSWORD";

    public static Command Create()
    {
        var state = new Option<DirectoryInfo>("--state") { Required = true, Description = "State folder; data lies in its folder postgres" };
        var port = new Option<int>("--port") { Required = true, Description = "Loopback port" };
        var command = new Command("postgres", "Run PostgreSQL on loopback") { state, port };
        command.SetAction(parse => ServiceHost.RunAsync(
            parse.GetRequiredValue(state).FullName,
            ["agent", "scheduler", "kafka", "exchange"],
            token => RunAsync(parse.GetRequiredValue(state).FullName, parse.GetRequiredValue(port), token),
            TimeProvider.System));
        return command;
    }

    private static async Task<int> RunAsync(string state, int port, CancellationToken stop)
    {
        var password = Environment.GetEnvironmentVariable(PasswordVariable)
            ?? throw new EmbeddedException($"{PasswordVariable} is not set: it carries the password of user radar.");
        await using var server = await PostgresServer.StartAsync(
            new PostgresSettings(Path.Combine(state, "postgres"), port, password), TimeProvider.System, stop);
        Console.WriteLine($"PostgreSQL answers on 127.0.0.1:{port} (pid {server.Pid})");
        var ended = server.WaitForExitAsync(CancellationToken.None);
        var stopped = Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop);
        if (await Task.WhenAny(ended, stopped) == ended)
        {
            throw new EmbeddedException("PostgreSQL ended by itself; see postgres/data/server.log.");
        }
        return 0;
    }
}
