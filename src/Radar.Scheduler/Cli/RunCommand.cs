using System.CommandLine;
using System.Text.Json;

namespace Radar.Scheduler.Cli;

/// <summary><c>radar run WORKFLOW [--wait]</c>.</summary>
internal static class RunCommand
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);

    public static Command Create()
    {
        var workflow = new Argument<string>("workflow") { Description = "start-fleet or kill-fleet (also: consumer_start, kill_all)" };
        var wait = new Option<bool>("--wait") { Description = "Follow it to its end; exit code 0 only if it succeeded" };
        return Verb.Create("run", "Run a workflow", [workflow, wait], (parse, system, token) =>
            RunAsync(system, parse.GetRequiredValue(workflow), parse.GetValue(wait), token));
    }

    private static async Task<int> RunAsync(SystemFolder system, string workflow, bool wait, CancellationToken cancellationToken)
    {
        using var api = system.Api();
        using var response = await api.PostAsync(
            new Uri($"/api/v1/workflows/{Uri.EscapeDataString(workflow)}/runs", UriKind.Relative), JsonContent.Create(new { }), cancellationToken);
        var answer = await response.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            throw new OperatorException(answer.GetProperty("error").GetString()!);
        }
        var run = answer.GetProperty("runId").GetInt64();
        Console.WriteLine(answer.GetProperty("created").GetBoolean() ? $"run {run} of {workflow}" : $"run {run} of {workflow} was active already");
        return wait ? await FollowAsync(api, run, cancellationToken) : 0;
    }

    /// <summary>Tells each step until the run has ended.</summary>
    internal static async Task<int> FollowAsync(HttpClient api, long run, CancellationToken cancellationToken)
    {
        var seen = new Dictionary<string, string>();
        while (true)
        {
            if (await FindAsync(api, run, cancellationToken) is { } detail)
            {
                foreach (var task in detail.GetProperty("tasks").EnumerateArray())
                {
                    var (name, state) = (task.GetProperty("task").GetString()!, task.GetProperty("state").GetString()!);
                    if (seen.GetValueOrDefault(name) != state && state is not ("pending" or "ready"))
                    {
                        seen[name] = state;
                        Console.WriteLine($"  {name,-44} {state}{Reason(task)}");
                    }
                }
                var summary = detail.GetProperty("run");
                var end = summary.GetProperty("state").GetString();
                if (end is "succeeded" or "failed" or "cancelled")
                {
                    Console.WriteLine($"run {run} {end}{Reason(summary)}");
                    return end == "succeeded" ? 0 : 1;
                }
            }
            await Task.Delay(Look, TimeProvider.System, cancellationToken);
        }
    }

    // A scheduler that is being restarted, or is slow, is back in a moment; the run goes on meanwhile.
    private static async Task<JsonElement?> FindAsync(HttpClient api, long run, CancellationToken cancellationToken)
    {
        try
        {
            return await api.GetFromJsonAsync<JsonElement>(new Uri($"/api/v1/runs/{run}", UriKind.Relative), cancellationToken);
        }
        catch (Exception ex) when (ex is HttpRequestException || ex is OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    private static string Reason(JsonElement element) =>
        element.GetProperty("reason") is { ValueKind: JsonValueKind.String } reason ? $": {reason.GetString()}" : "";
}
