using System.CommandLine;
using System.Text.Json;

namespace Radar.Scheduler.Cli;

/// <summary><c>radar scale KIND COUNT</c>.</summary>
internal static class ScaleCommand
{
    public static Command Create()
    {
        var kind = new Argument<string>("kind") { Description = "trades-sink or depth-sink" };
        var count = new Argument<int>("count") { Description = "How many are to run, now and at each later start of the fleet" };
        return Verb.Create("scale", "Ask for more or fewer sinks", [kind, count], async (parse, system, token) =>
        {
            using var api = system.Api();
            using var response = await api.PostAsync(
                new Uri("/api/v1/fleet/scale", UriKind.Relative),
                JsonContent.Create(new { kind = parse.GetRequiredValue(kind), count = parse.GetRequiredValue(count) }), token);
            var answer = await response.Content.ReadFromJsonAsync<JsonElement>(token);
            if (!response.IsSuccessStatusCode)
            {
                throw new OperatorException(answer.GetProperty("error").GetString()!);
            }
            Console.WriteLine(answer.GetProperty("follows").GetString());
            return 0;
        });
    }
}
