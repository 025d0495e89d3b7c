using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Radar.Scheduler.Auth;
using Radar.Testing;

namespace Radar.Scheduler.Tests.Auth;

public sealed class LoginTests(SchedulerFixture fixture) : IClassFixture<SchedulerFixture>
{
    private readonly SchedulerUnderTest _scheduler = fixture.Scheduler;

    [Theory]
    [InlineData("/api/v1/fleet")]
    [InlineData("/api/v1/runs")]
    [InlineData("/api/v1/workflows")]
    [InlineData("/api/v1/candles/BTCUSDT")]
    [InlineData("/api/v1/workers/log?worker=ALL/producer/main")]
    [InlineData("/api/v1/session")]
    public async Task Api_without_login_answers_401(string path)
    {
        using var browser = _scheduler.Browser(new());
        using var answer = await browser.GetAsync(path);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Contains("/login", await ErrorAsync(answer), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Api_post_without_login_answers_401_and_runs_nothing()
    {
        using var browser = _scheduler.Browser(new());
        var before = await fixture.ValueAsync<long>("SELECT count(*) FROM radar.workflow_runs");
        using var answer = await browser.PostAsync("/api/v1/workflows/kill-fleet/runs", null);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Equal(before, await fixture.ValueAsync<long>("SELECT count(*) FROM radar.workflow_runs"));
    }

    [Fact]
    public async Task Page_without_login_leads_to_the_login_page()
    {
        using var browser = _scheduler.Browser(new());
        using var answer = await browser.GetAsync("/");
        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        Assert.Equal("/login", new Uri(_scheduler.Address, answer.Headers.Location!).AbsolutePath);
        using var login = await browser.GetAsync(answer.Headers.Location);
        Assert.Contains("name=\"password\"", await login.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Bearer " + SchedulerUnderTest.Token, HttpStatusCode.OK)]
    [InlineData("Bearer wrong", HttpStatusCode.Unauthorized)]
    [InlineData("Basic b3BlcmF0b3I6Y29ycmVjdCBob3JzZQ==", HttpStatusCode.Unauthorized)]
    public async Task Token_lets_in_only_if_it_is_known(string header, HttpStatusCode expected)
    {
        using var browser = _scheduler.Browser(new());
        browser.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", header);
        using var answer = await browser.GetAsync("/api/v1/fleet");
        Assert.Equal(expected, answer.StatusCode);
    }

    [Theory]
    [InlineData("operator", "wrong")]
    [InlineData("nobody", SchedulerUnderTest.Password)]
    public async Task Login_with_a_wrong_password_or_user_gives_no_cookie(string user, string password)
    {
        var cookies = new CookieContainer();
        using var browser = _scheduler.Browser(cookies);
        using var answer = await LogInAsync(browser, user, password);
        Assert.DoesNotContain(cookies.GetAllCookies(), c => c.Name.StartsWith("radar", StringComparison.Ordinal));
        using var api = await browser.GetAsync("/api/v1/fleet");
        Assert.Equal(HttpStatusCode.Unauthorized, api.StatusCode);
    }

    [Fact]
    public async Task Login_sent_by_another_site_is_refused()
    {
        var cookies = new CookieContainer();
        using var browser = _scheduler.Browser(cookies);
        browser.DefaultRequestHeaders.Add("Sec-Fetch-Site", "cross-site");
        using var answer = await LogInAsync(browser, "operator", SchedulerUnderTest.Password);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.DoesNotContain(cookies.GetAllCookies(), c => c.Name.StartsWith("radar", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Cookie_cannot_be_read_by_scripts_nor_sent_by_other_sites()
    {
        using var browser = _scheduler.Browser(new());
        using var answer = await LogInAsync(browser, "operator", SchedulerUnderTest.Password);
        var cookie = answer.Headers.GetValues("Set-Cookie").Single(c => c.StartsWith("radar-", StringComparison.Ordinal));
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Two_systems_of_one_host_do_not_log_each_other_out()
    {
        await using var other = await SchedulerUnderTest.StartAsync(fixture.Server, await fixture.CreateDatabaseAsync());
        var cookies = new CookieContainer(); // Like a browser it parts cookies by host and not by port.
        using HttpClient here = _scheduler.Browser(cookies), there = other.Browser(cookies);
        foreach (var browser in (HttpClient[])[here, there])
        {
            using var login = await LogInAsync(browser, "operator", SchedulerUnderTest.Password);
            Assert.Equal(HttpStatusCode.Redirect, login.StatusCode);
            using var session = await browser.GetAsync("/api/v1/session"); // Gives the page's token, whose other half is a cookie too.
            session.EnsureSuccessStatusCode();
        }
        foreach (var browser in (HttpClient[])[here, there])
        {
            using var fleet = await browser.GetAsync("/api/v1/fleet");
            Assert.Equal(HttpStatusCode.OK, fleet.StatusCode);
        }
        Assert.Equal(4, cookies.GetAllCookies().Select(cookie => cookie.Name).Distinct().Count());
    }

    [Fact]
    public async Task Change_by_cookie_needs_the_pages_token()
    {
        using var browser = _scheduler.Browser(new());
        using var login = await LogInAsync(browser, "operator", SchedulerUnderTest.Password);
        Assert.Equal(HttpStatusCode.Redirect, login.StatusCode);

        using var without = await browser.PostAsync("/api/v1/workflows/kill-fleet/runs", null);
        Assert.Equal(HttpStatusCode.BadRequest, without.StatusCode);
        Assert.Contains("reload", await ErrorAsync(without), StringComparison.Ordinal);

        var session = await browser.GetFromJsonAsync<JsonElement>("/api/v1/session");
        Assert.Equal("operator", session.GetProperty("user").GetString());
        browser.DefaultRequestHeaders.Add("X-Radar-Token", session.GetProperty("token").GetString());
        using var with = await browser.PostAsync("/api/v1/workflows/kill-fleet/runs", null);
        Assert.Equal(HttpStatusCode.OK, with.StatusCode);
        var run = (await with.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("runId").GetInt64();
        Assert.Equal(1, await fixture.ValueAsync<long>($"SELECT count(*) FROM radar.audit WHERE who = 'operator' AND object = 'kill-fleet {run}'"));
    }

    [Fact]
    public async Task Logout_ends_the_session()
    {
        using var browser = _scheduler.Browser(new());
        using var login = await LogInAsync(browser, "operator", SchedulerUnderTest.Password);
        var session = await browser.GetFromJsonAsync<JsonElement>("/api/v1/session");
        browser.DefaultRequestHeaders.Add("X-Radar-Token", session.GetProperty("token").GetString());
        using var logout = await browser.PostAsync("/logout", null);
        Assert.True((int)logout.StatusCode < 400, logout.StatusCode.ToString());
        using var after = await browser.GetAsync("/api/v1/fleet");
        Assert.Equal(HttpStatusCode.Unauthorized, after.StatusCode);
    }

    [Fact]
    public async Task Login_holds_when_the_scheduler_was_started_again()
    {
        var postgres = new PostgresFixture();
        await postgres.InitializeAsync();
        try
        {
            var database = await postgres.CreateDatabaseAsync();
            var cookies = new CookieContainer();
            await using (var first = await SchedulerUnderTest.StartAsync(postgres.Server, database))
            {
                using var browser = first.Browser(cookies);
                using var login = await LogInAsync(browser, "operator", SchedulerUnderTest.Password);
                Assert.Equal(HttpStatusCode.Redirect, login.StatusCode);
            }

            await using var second = await SchedulerUnderTest.StartAsync(postgres.Server, database);
            using var again = second.Browser(cookies);
            using var answer = await again.GetAsync("/api/v1/fleet");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }
        finally
        {
            await postgres.DisposeAsync();
        }
    }

    [Theory]
    [InlineData("/runs/3?task=x", "/runs/3?task=x")]
    [InlineData("/hangfire", "/hangfire")]
    [InlineData(null, "/")]
    [InlineData("", "/")]
    [InlineData("runs", "/")]
    [InlineData("https://elsewhere.example/", "/")]
    [InlineData("//elsewhere.example/", "/")]
    [InlineData("/\\elsewhere.example/", "/")]
    [InlineData("/\t/elsewhere.example/", "/")]
    [InlineData("/login?wrong=1", "/")]
    public void ReturnAddress_is_a_page_of_ours_or_the_start_page(string? asked, string expected) => Assert.Equal(expected, ReturnAddress.Of(asked));

    [Fact]
    public async Task Login_leads_back_to_the_page_that_was_asked_for_also_after_a_wrong_password()
    {
        using var browser = _scheduler.Browser(new());
        using var page = await browser.GetAsync("/runs/3");
        using var wrong = await LogInAsync(browser, "operator", "wrong", page.Headers.Location!.PathAndQuery);
        using var right = await LogInAsync(browser, "operator", SchedulerUnderTest.Password, wrong.Headers.Location!.ToString());
        Assert.Equal("/runs/3", right.Headers.Location!.ToString());
        using var another = _scheduler.Browser(new());
        using var abroad = await LogInAsync(another, "operator", SchedulerUnderTest.Password, "/login?ReturnUrl=https%3A%2F%2Felsewhere.example");
        Assert.Equal("/", abroad.Headers.Location!.ToString());
    }

    [Fact]
    public async Task Password_changed_in_the_settings_ends_the_sessions_of_the_old_one()
    {
        var postgres = new PostgresFixture();
        await postgres.InitializeAsync();
        try
        {
            var database = await postgres.CreateDatabaseAsync();
            var (old, fresh) = (new CookieContainer(), new CookieContainer());
            await using (var first = await SchedulerUnderTest.StartAsync(postgres.Server, database))
            {
                using var browser = first.Browser(old);
                using var login = await LogInAsync(browser, "operator", SchedulerUnderTest.Password);
            }

            const string Other = "another horse";
            await using var second = await SchedulerUnderTest.StartAsync(postgres.Server, database, ("Radar:Auth:OperatorPassword", Other));
            using var before = second.Browser(old);
            using var refused = await before.GetAsync("/api/v1/fleet");
            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
            using var wrong = await LogInAsync(before, "operator", SchedulerUnderTest.Password);
            Assert.Contains("wrong=1", wrong.Headers.Location!.ToString(), StringComparison.Ordinal);
            using var after = second.Browser(fresh);
            using var right = await LogInAsync(after, "operator", Other);
            using var answer = await after.GetAsync("/api/v1/fleet");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }
        finally
        {
            await postgres.DisposeAsync();
        }
    }

    [Fact]
    public async Task Passwords_and_tokens_are_stored_as_hashes()
    {
        Assert.Equal(0, await fixture.ValueAsync<long>($"SELECT count(*) FROM radar.users WHERE password_hash LIKE '%{SchedulerUnderTest.Password}%'"));
        Assert.Equal(32, await fixture.ValueAsync<int>("SELECT length(sha256) FROM radar.api_tokens LIMIT 1"));
    }

    internal static Task<HttpResponseMessage> LogInAsync(HttpClient browser, string user, string password, string page = "/login") =>
        browser.PostAsync(page, new FormUrlEncodedContent(new Dictionary<string, string> { ["user"] = user, ["password"] = password }));

    private static async Task<string> ErrorAsync(HttpResponseMessage answer) =>
        (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error").GetString()!;
}
