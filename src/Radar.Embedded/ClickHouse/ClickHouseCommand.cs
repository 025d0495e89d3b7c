using System.CommandLine;
using Radar.Embedded.Processes;

namespace Radar.Embedded.ClickHouse;

/// <summary><c>radar-embedded clickhouse</c>: ClickHouse's engine behind its HTTP interface until told to stop.</summary>
internal static class ClickHouseCommand
{
    /// <summary>The variable that carries the password, which must not stand on a command line.</summary>
    public const string PasswordVariable = "RADAR_CLICKHOUSE_PASSWORD";

    public static Command Create()
    {
        var state = new Option<DirectoryInfo>("--state") { Required = true, Description = "State folder; data lies in its folder clickhouse" };
        var port = new Option<int>("--port") { Required = true, Description = "Loopback port" };
        var user = new Option<string>("--user") { DefaultValueFactory = _ => "default", Description = $"The only user; {PasswordVariable} carries the password, none: anybody on this machine" };
        var command = new Command("clickhouse", "Run ClickHouse's engine behind its HTTP interface on loopback") { state, port, user };
        command.SetAction(async parse =>
        {
            var folder = parse.GetRequiredValue(state).FullName;
            var settings = new ClickHouseSettings(Path.Combine(folder, "clickhouse"), parse.GetRequiredValue(port))
            {
                User = parse.GetRequiredValue(user),
                Password = Environment.GetEnvironmentVariable(PasswordVariable) ?? "",
            };
            ProcessEnd.Now(await ServiceHost.RunAsync(folder, ["agent"], token => RunAsync(settings, token), TimeProvider.System));
        });
        return command;
    }

    private static async Task<int> RunAsync(ClickHouseSettings settings, CancellationToken stop)
    {
        await using var server = await ClickHouseServer.StartAsync(settings, stop);
        Console.WriteLine($"ClickHouse {server.Version} answers at {server.Address}");
        await Task.WhenAny(Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop));
        return 0;
    }
}
