using Microsoft.Playwright;
using Radar.Testing;

namespace Radar.Scheduler.Tests.Pages;

/// <summary>Hangfire's own pages as people use them who live there.</summary>
public sealed class HangfireTests(HangfireFixture fixture) : IClassFixture<HangfireFixture>, IAsyncLifetime
{
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async Task InitializeAsync()
    {
        if (!File.Exists(ChromiumFactAttribute.Browser))
        {
            return;
        }
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = ChromiumFactAttribute.Browser, Args = ChromiumFactAttribute.Quiet, Timeout = (float)HangfireFixture.Patience.TotalMilliseconds });
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }
        _playwright?.Dispose();
    }

    [Fact]
    public async Task Pages_without_login_lead_to_the_login()
    {
        var before = await AskedAsync();
        using var stranger = fixture.Scheduler.Browser(new());
        using var answer = await stranger.GetAsync(new Uri("/hangfire", UriKind.Relative));
        Assert.Equal(302, (int)answer.StatusCode);
        Assert.Contains("/login", answer.Headers.Location!.ToString(), StringComparison.Ordinal);
        using var asked = await stranger.PostAsync(new Uri("/hangfire/recurring/trigger", UriKind.Relative), new FormUrlEncodedContent([new("jobs[]", "kill-fleet")]));
        Assert.False(asked.IsSuccessStatusCode);
        Assert.Equal(before, await AskedAsync());
    }

    [ChromiumFact]
    public async Task Trigger_now_runs_start_fleet_and_kill_fleet_which_cuts_it_short()
    {
        var page = await LogInAsync();
        await TriggerAsync(page, "start-fleet");
        // Nobody runs a producer here: start-fleet waits for it, and what follows waits as a continuation.
        var start = await RunAsync("start-fleet", "running");
        await TaskIsAsync(start, "wait-producer", "running");
        await ShowsAsync(page, "/hangfire/jobs/processing", $"start-fleet / wait-producer (run {start})");
        await ShowsAsync(page, "/hangfire/jobs/awaiting", $"start-fleet / start-consumer (run {start})");

        await TriggerAsync(page, "kill-fleet");
        await RunAsync("kill-fleet", "running");
        await fixture.WorkersObeyAsync();
        var kill = await RunAsync("kill-fleet", "succeeded");
        Assert.Equal("cancelled", await fixture.ValueAsync<string>($"SELECT state FROM radar.workflow_runs WHERE run_id = {start}"));
        await ShowsAsync(page, "/hangfire/jobs/succeeded", $"kill-fleet / clean (run {kill})");
        await Assertions.Expect(page.Locator("body")).Not.ToContainTextAsync("Password=");

        // Both ways: the job shows its run, and the run's task its job.
        await page.GetByRole(AriaRole.Link, new() { Name = $"kill-fleet / clean (run {kill})" }).First.ClickAsync();
        await page.Locator(".radar-run a").ClickAsync();
        await Assertions.Expect(page.Locator("main")).ToContainTextAsync("kill-fleet");
        await page.Locator("a[href^='/hangfire/jobs/details/']").ClickAsync();
        await Assertions.Expect(page.Locator("body")).ToContainTextAsync($"(run {kill})");
    }

    [ChromiumFact]
    public async Task Failing_task_is_among_the_retries_then_failed_and_requeue_tries_it_again()
    {
        await fixture.ExecuteAsync("TRUNCATE public.may_pass");
        var page = await LogInAsync();
        await TriggerAsync(page, "stubborn");
        var run = await RunAsync("stubborn", "running");
        await ShowsAsync(page, "/hangfire/retries", $"stubborn / try (run {run})");
        await fixture.ExecuteAsync($"UPDATE radar.task_runs SET failures = {HangfireFixture.Tries - 1} WHERE run_id = {run} AND task = 'try'");
        await RunAsync("stubborn", "failed");
        await ShowsAsync(page, "/hangfire/jobs/failed", $"stubborn / try (run {run})");
        await Assertions.Expect(page.Locator("body")).ToContainTextAsync("it may not pass");
        Assert.Equal("skipped", await TaskStateAsync(run, "after"));
        var attempts = await AttemptsAsync(run);

        await fixture.ExecuteAsync("INSERT INTO public.may_pass VALUES (true)");
        await CommandAsync(page, "requeue");
        await RunAsync("stubborn", "succeeded");
        Assert.Equal(attempts + 1, await AttemptsAsync(run));
        Assert.Equal("succeeded", await TaskStateAsync(run, "after"));

        // What has succeeded can be had again, too.
        await ShowsAsync(page, "/hangfire/jobs/succeeded", $"stubborn / try (run {run})");
        await page.GetByRole(AriaRole.Link, new() { Name = $"stubborn / try (run {run})" }).First.ClickAsync();
        await PressAsync(page, "button[data-ajax*='requeue']");
        await Eventually.TrueAsync(async () => await AttemptsAsync(run) == attempts + 2, HangfireFixture.Patience, "one more attempt");
    }

    [ChromiumFact]
    public async Task Delete_of_a_running_job_cancels_its_task()
    {
        var page = await LogInAsync();
        await TriggerAsync(page, "endless");
        var run = await RunAsync("endless", "running");
        await TaskIsAsync(run, "wait", "running");
        await ShowsAsync(page, "/hangfire/jobs/processing", $"endless / wait (run {run})");
        await page.GetByRole(AriaRole.Link, new() { Name = $"endless / wait (run {run})" }).First.ClickAsync();
        await PressAsync(page, "button[data-ajax*='delete']");
        await RunAsync("endless", "cancelled");
        Assert.Equal("cancelled", await TaskStateAsync(run, "wait"));
        Assert.Equal("skipped", await TaskStateAsync(run, "after"));
        await ShowsAsync(page, "/hangfire/jobs/deleted", $"endless / wait (run {run})");
    }

    private async Task<IPage> LogInAsync()
    {
        var page = await _browser!.NewPageAsync(new() { ViewportSize = new() { Width = 1360, Height = 850 } });
        page.SetDefaultTimeout((float)HangfireFixture.Patience.TotalMilliseconds);
        Assertions.SetDefaultExpectTimeout((float)HangfireFixture.Patience.TotalMilliseconds);
        page.Dialog += (_, dialog) => _ = dialog.AcceptAsync();
        await page.GotoAsync(fixture.Scheduler.Address.ToString());
        await page.Locator("input[name=password]").FillAsync(SchedulerUnderTest.Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Log in" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Fleet", Exact = true })).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Hangfire" }).ClickAsync();
        await page.WaitForURLAsync("**/hangfire");
        return page;
    }

    private async Task TriggerAsync(IPage page, string workflow)
    {
        await page.GotoAsync(new Uri(fixture.Scheduler.Address, "/hangfire/recurring").ToString());
        await page.Locator($"input[value='{workflow}']").CheckAsync();
        await CommandAsync(page, "trigger");
    }

    // A button above a list, for the rows that are ticked: all of them when none is.
    private static async Task CommandAsync(IPage page, string command)
    {
        if (await page.Locator("tbody input:checked").CountAsync() == 0)
        {
            await page.Locator("tbody input[type=checkbox]").First.CheckAsync();
        }
        await PressAsync(page, $"button.js-jobs-list-command[data-url$='/{command}']");
    }

    // The page loads itself again once the command is carried out: whoever goes elsewhere before that is interrupted.
    private static async Task PressAsync(IPage page, string button)
    {
        await page.EvaluateAsync("window.before = true");
        await page.Locator(button).ClickAsync();
        await page.WaitForFunctionAsync("() => !window.before && document.readyState === 'complete'");
    }

    // The page does not change by itself: it is asked again until it shows what is awaited.
    private async Task ShowsAsync(IPage page, string path, string text) => await Eventually.TrueAsync(
        async () =>
        {
            await page.GotoAsync(new Uri(fixture.Scheduler.Address, path).ToString());
            return (await page.Locator("body").InnerTextAsync()).Contains(text, StringComparison.Ordinal);
        },
        HangfireFixture.Patience,
        $"'{text}' on {path}");

    private async Task<long> RunAsync(string workflow, string state)
    {
        var sql = $"SELECT coalesce(max(run_id), 0) FROM radar.workflow_runs WHERE workflow = '{workflow}' AND state = '{state}'";
        await Eventually.TrueAsync(async () => await fixture.ValueAsync<long>(sql) > 0, HangfireFixture.Patience, $"a run of {workflow} that is {state}");
        return await fixture.ValueAsync<long>(sql);
    }

    private Task TaskIsAsync(long run, string task, string state) => Eventually.TrueAsync(
        async () => await TaskStateAsync(run, task) == state, HangfireFixture.Patience, $"task {task} to be {state}");

    private Task<string> TaskStateAsync(long run, string task) =>
        fixture.ValueAsync<string>($"SELECT state FROM radar.task_runs WHERE run_id = {run} AND task = '{task}'");

    // How often somebody has asked for kill-fleet: runs of it, and jobs that would make one.
    private async Task<(long Runs, long Jobs)> AskedAsync() => (
        await fixture.ValueAsync<long>("SELECT count(*) FROM radar.workflow_runs WHERE workflow = 'kill-fleet'"),
        await fixture.ValueAsync<long>(
            "SELECT count(*) FROM radar_hangfire.job WHERE invocationdata->>'Type' LIKE 'Radar.Jobs.Hangfire.WorkflowJob,%' AND arguments->>0 LIKE '%kill-fleet%'"));

    private Task<int> AttemptsAsync(long run) => fixture.ValueAsync<int>($"SELECT attempt FROM radar.task_runs WHERE run_id = {run} AND task = 'try'");
}
