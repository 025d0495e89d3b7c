using Microsoft.Playwright;
using Radar.Testing;

namespace Radar.Scheduler.Tests.Pages;

/// <summary>The pages as a person uses them.</summary>
public sealed class DashboardTests(SchedulerFixture fixture) : IClassFixture<SchedulerFixture>, IAsyncLifetime
{
    private readonly List<string> _complaints = [];
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async Task InitializeAsync()
    {
        if (!File.Exists(ChromiumFactAttribute.Browser))
        {
            return;
        }
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = ChromiumFactAttribute.Browser, Args = ChromiumFactAttribute.Quiet, Timeout = 120_000 });
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }
        _playwright?.Dispose();
    }

    [ChromiumFact]
    public async Task Operator_logs_in_presses_kill_fleet_and_sees_the_run_succeed()
    {
        var page = await LogInAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Kill fleet", Exact = true }).First.ClickAsync();
        await page.Locator("#confirm button[value=yes]").ClickAsync();
        var run = page.Locator("a[href^='/runs/']").First;
        await Assertions.Expect(run).ToBeVisibleAsync();
        await page.GotoAsync(new Uri(fixture.Scheduler.Address, await run.GetAttributeAsync("href")).ToString());
        await Assertions.Expect(page.Locator("main")).ToContainTextAsync("kill-fleet");
        await Assertions.Expect(page.Locator("main")).ToContainTextAsync("wait-deleted");
        await Assertions.Expect(page.Locator("main")).ToContainTextAsync("succeeded");
        Assert.Equal(1, await fixture.ValueAsync<long>("SELECT count(*) FROM radar.workflow_runs WHERE requested_by = 'operator'"));
        Assert.Empty(_complaints);
    }

    [ChromiumFact]
    public async Task Fleet_page_shows_what_sinks_count_and_nothing_of_those_that_ended()
    {
        await fixture.AddWorkerAsync(new("ALL/trades-sink/1"), """{"lag": 31, "ratePerSecond": 7.5, "batches": 5, "deadLetters": 6, "lastInsertAgeSeconds": 12}""");
        await fixture.AddWorkerAsync(new("ALL/trades-sink/2"), """{"lag": 77, "batches": 8, "lastInsertAgeSeconds": 900}""");
        await fixture.ExecuteAsync("""
            UPDATE radar.workers SET actual = 'running' WHERE worker_id = 'ALL/trades-sink/1';
            UPDATE radar.workers SET actual = 'deleted', desired = 'delete' WHERE worker_id = 'ALL/trades-sink/2'
            """);
        var page = await LogInAsync();
        var row = page.Locator("tr[data-worker='ALL/trades-sink/1']");
        foreach (var words in (string[])["31", "7.5/s", "5 batches", "6 dead letters", "last insert 12 s ago"])
        {
            await Assertions.Expect(row).ToContainTextAsync(words);
        }
        await Assertions.Expect(page.Locator("tr[data-worker='ALL/trades-sink/2']")).Not.ToContainTextAsync("batches");
        await Assertions.Expect(page.Locator(".tile").Filter(new() { HasText = "Largest lag" }).Locator("strong")).ToHaveTextAsync("31");
        await fixture.ExecuteAsync("DELETE FROM radar.workers WHERE worker_id LIKE 'ALL/trades-sink/%'");
        Assert.Empty(_complaints);
    }

    [ChromiumFact]
    public async Task Workers_text_is_shown_as_text_and_never_run()
    {
        await fixture.AddWorkerAsync(new("BTCUSDT/lightgbm/v1"));
        await fixture.ExecuteAsync("UPDATE radar.workers SET activity = '<img src=x onerror=\"document.title=''owned''\">' WHERE worker_id = 'BTCUSDT/lightgbm/v1'");
        var page = await LogInAsync();
        await Assertions.Expect(page.Locator("main")).ToContainTextAsync("<img src=x");
        Assert.NotEqual("owned", await page.TitleAsync());
        Assert.Empty(_complaints);
    }

    [ChromiumFact]
    public async Task Wrong_password_is_said_on_the_login_page()
    {
        var page = await OpenAsync();
        await page.Locator("input[name=password]").FillAsync("wrong");
        await page.GetByRole(AriaRole.Button, new() { Name = "Log in" }).ClickAsync();
        await Assertions.Expect(page.Locator("#wrong")).ToBeVisibleAsync();
    }

    private async Task<IPage> OpenAsync()
    {
        var page = await _browser!.NewPageAsync(new() { ViewportSize = new() { Width = 1360, Height = 850 } });
        page.SetDefaultTimeout(60_000);
        Assertions.SetDefaultExpectTimeout(60_000);
        // Scripts that fail and whatever the content policy refuses.
        page.PageError += (_, error) => _complaints.Add(error);
        page.Console += (_, message) =>
        {
            if (message.Type == "error" && message.Text.Contains("Content Security Policy", StringComparison.Ordinal))
            {
                _complaints.Add(message.Text);
            }
        };
        await page.GotoAsync(fixture.Scheduler.Address.ToString());
        return page;
    }

    private async Task<IPage> LogInAsync()
    {
        var page = await OpenAsync();
        await page.Locator("input[name=password]").FillAsync(SchedulerUnderTest.Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Log in" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Fleet", Exact = true })).ToBeVisibleAsync();
        return page;
    }
}
