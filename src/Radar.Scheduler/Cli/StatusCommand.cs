using System.CommandLine;
using System.Text.Json;
using Npgsql;

namespace Radar.Scheduler.Cli;

/// <summary><c>radar status</c>: services, workers, runs. It works when the system is down, and says so.</summary>
internal static class StatusCommand
{
    private static readonly JsonSerializerOptions Indented = new(Api.Json.Options) { WriteIndented = true };

    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "For programs" };
        var secrets = new Option<bool>("--secrets") { Description = "Connection strings, password and token too" };
        return Verb.Create("status", "Services with addresses, workers with desired and actual state, runs", [json, secrets], (parse, system, token) =>
            RunAsync(system, parse.GetValue(json), parse.GetValue(secrets), token));
    }

    private static async Task<int> RunAsync(SystemFolder system, bool json, bool secrets, CancellationToken cancellationToken)
    {
        var services = system.System.GetProperty("services").EnumerateArray().Select(ServiceLine.Of).ToList();
        List<WorkerLine> workers = [];
        List<RunLine> runs = [];
        string? trouble = null;
        try
        {
            await using var database = system.Database();
            workers = await FleetTable.WorkersAsync(database, cancellationToken);
            runs = await FleetTable.RunsAsync(database, cancellationToken);
        }
        catch (NpgsqlException ex)
        {
            trouble = $"PostgreSQL does not answer: {ex.Message}";
        }

        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(
                new
                {
                    state = system.Path, phase = system.Phase, mode = system.System.GetProperty("mode").GetString(),
                    reason = system.System.GetProperty("reason").GetString(), trouble, services, workers, runs,
                    secrets = secrets ? system.Secrets : (JsonElement?)null,
                },
                Indented));
            return system.Phase == "up" && trouble is null ? 0 : 1;
        }

        Console.WriteLine($"{system.Path}: {system.Phase} ({system.System.GetProperty("mode").GetString()})");
        TextTable.Write(
            ["service", "state", "pid", "address", ""],
            services.Select(service => (string[])[service.Name, service.State, service.Pid == 0 ? "" : $"{service.Pid}", service.Address ?? "", service.Detail ?? ""]));
        if (trouble is not null)
        {
            Console.WriteLine(system.Phase is "down" or "dead" ? system.Down().Message : trouble);
            return 1;
        }
        if (workers.Count == 0)
        {
            Console.WriteLine("No workers: start them with ./radar run start-fleet --wait");
        }
        else
        {
            FleetTable.Write(workers);
        }
        FleetTable.Write(runs.Take(5));
        if (secrets)
        {
            foreach (var name in (string[])["operatorPassword", "apiToken", "database"])
            {
                Console.WriteLine($"{name}: {system.Secrets.GetProperty(name).GetString()}");
            }
        }
        return 0;
    }

    /// <summary>A service in one line.</summary>
    private sealed record ServiceLine(string Name, string State, int Pid, string? Address, string? Detail, string Log)
    {
        public static ServiceLine Of(JsonElement service)
        {
            var alive = ProcessIdentity.Parse(service.GetProperty("process").GetString())?.IsAlive ?? false;
            return new ServiceLine(
                service.GetProperty("name").GetString()!, alive ? service.GetProperty("state").GetString()! : "stopped",
                alive ? service.GetProperty("pid").GetInt32() : 0, service.GetProperty("address").GetString(),
                service.GetProperty("detail").GetString(), service.GetProperty("log").GetString()!);
        }
    }
}
