using System.CommandLine;
using System.Text.Json;

namespace Radar.Scheduler.Cli;

/// <summary><c>radar start | pause | resume | delete WORKER</c>.</summary>
internal static class SteerCommands
{
    public static IEnumerable<Command> Create() =>
    [
        Create("start", "start", "Ask a worker to run"),
        Create("pause", "pause", "Ask a worker to stay idle"),
        Create("resume", "start", "Ask a paused worker to go on"),
        Create("delete", "delete", "Ask a worker to finish and end"),
    ];

    private static Command Create(string verb, string desired, string description)
    {
        var worker = new Argument<string>("worker") { Description = "For instance BTCUSDT/lightgbm/v1 or ALL/producer/main" };
        return Verb.Create(verb, description, [worker], async (parse, system, token) =>
        {
            using var api = system.Api();
            using var response = await api.PostAsync(
                new Uri("/api/v1/fleet/desired", UriKind.Relative), JsonContent.Create(new { worker = parse.GetRequiredValue(worker), desired }), token);
            if (!response.IsSuccessStatusCode)
            {
                throw new OperatorException((await response.Content.ReadFromJsonAsync<JsonElement>(token)).GetProperty("error").GetString()!);
            }
            Console.WriteLine($"{parse.GetRequiredValue(worker)}: asked to {desired}");
            return 0;
        });
    }
}
