using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Playwright;
using Radar.Testing;

namespace Radar.EndToEnd.Tests;

/// <summary>kill-fleet from wherever it is asked for: all workers deleted, no process left, and the next start-fleet is clean.</summary>
public sealed class KillFleetTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task KillFleet_FromCommandLineAndApi_LeavesNothingAndTheNextStartIsClean()
    {
        await using var system = await UpAsync("kill");
        await AssertKilledAndStartedAgainAsync(system, async () =>
        {
            var kill = await system.RunAsync("run", "kill-fleet", "--wait");
            Assert.True(kill.ExitCode == 0, kill.Everything);
        });
        await AssertKilledAndStartedAgainAsync(system, () => AskApiAsync(system));
        await EndState.AssertAsync(system, Fixtures.MadeUp);
    }

    [ChromiumFact]
    public async Task KillFleet_FromThePage_LeavesNothingAndTheNextStartIsClean()
    {
        await using var system = await UpAsync("kill-page");
        await AssertKilledAndStartedAgainAsync(system, () => PressAsync(system));
        await EndState.AssertAsync(system, Fixtures.MadeUp);
    }

    private static async Task<RadarSystem> UpAsync(string name)
    {
        var system = new RadarSystem(name);
        await system.UpAsync([.. Fixtures.MadeUp.Arguments(), "--until-caught-up"]);
        return system;
    }

    private static async Task AssertKilledAndStartedAgainAsync(RadarSystem system, Func<Task> kill)
    {
        Assert.Equal(7, Workers(system).Count);
        await kill();
        Assert.Empty(Workers(system));
        Assert.Equal(0, await system.CountAsync("SELECT count(*) FROM radar.workers WHERE actual <> 'deleted'"));
        Assert.Equal(7, await system.CountAsync("SELECT count(DISTINCT worker_id) FROM radar.worker_events WHERE event = 'deleted'"));
        await system.AssertCheckIsCleanAsync();

        var start = await system.RunAsync("run", "start-fleet", "--wait");
        Assert.True(start.ExitCode == 0, start.Everything);
        Assert.Equal(7, await system.CountAsync("SELECT count(*) FROM radar.workers WHERE actual = 'running' AND restarts = 0 AND error IS NULL"));
        Assert.Equal(7, Workers(system).Count);
    }

    private static List<string> Workers(RadarSystem system) =>
        [.. system.Processes().Where(process => process.Contains("--worker ", StringComparison.Ordinal))];

    private static async Task AskApiAsync(RadarSystem system)
    {
        using var api = new HttpClient { BaseAddress = new Uri(system.ServiceAddress("scheduler")) };
        api.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", system.Secret("apiToken"));
        using var asked = await api.PostAsync(new Uri("/api/v1/workflows/kill-fleet/runs", UriKind.Relative), JsonContent.Create(new { }));
        asked.EnsureSuccessStatusCode();
        var run = (await asked.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("runId").GetInt64();
        await Eventually.TrueAsync(
            async () => (await api.GetFromJsonAsync<JsonElement>(new Uri($"/api/v1/runs/{run}", UriKind.Relative)))
                .GetProperty("run").GetProperty("state").GetString() == "succeeded",
            Patience,
            $"run {run} of kill-fleet to succeed");
    }

    private static async Task PressAsync(RadarSystem system)
    {
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await playwright.Chromium.LaunchAsync(
            new() { ExecutablePath = ChromiumFactAttribute.Browser, Args = ChromiumFactAttribute.Quiet, Timeout = 120_000 });
        var page = await browser.NewPageAsync(new() { ViewportSize = new() { Width = 1360, Height = 850 } });
        page.SetDefaultTimeout(60_000);
        await page.GotoAsync(system.ServiceAddress("scheduler"));
        await page.Locator("input[name=password]").FillAsync(system.Secret("operatorPassword"));
        await page.GetByRole(AriaRole.Button, new() { Name = "Log in" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Kill fleet", Exact = true }).First.ClickAsync();
        await page.Locator("#confirm button[value=yes]").ClickAsync();
        await Eventually.TrueAsync(
            async () => await system.CountAsync(
                "SELECT count(*) FROM radar.workflow_runs WHERE workflow = 'kill-fleet' AND state = 'succeeded' AND requested_by = 'operator'") == 1,
            Patience,
            "the run of kill-fleet that the page asked for");
    }
}
