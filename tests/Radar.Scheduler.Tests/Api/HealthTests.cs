using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Radar.Scheduler.Tests.Api;

public sealed class HealthTests(SchedulerFixture fixture) : IClassFixture<SchedulerFixture>
{
    [Fact]
    public async Task Health_is_200_only_with_a_live_agent()
    {
        using var browser = fixture.Scheduler.Browser(new());
        await fixture.ExecuteAsync("DELETE FROM radar.agents");
        using var without = await browser.GetAsync("/health");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, without.StatusCode);
        Assert.Equal("working", (await without.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("engine").GetString());

        await fixture.ExecuteAsync("INSERT INTO radar.agents (name, pid, until) VALUES ('here', 1, now() + interval '1 hour')");
        using var with = await browser.GetAsync("/health");
        Assert.Equal(HttpStatusCode.OK, with.StatusCode);
        var health = await with.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal("healthy", health.GetProperty("status").GetString());
        Assert.Equal(1, health.GetProperty("agents").GetInt64());
    }

    [Fact]
    public async Task Pages_allow_only_scripts_of_their_own()
    {
        using var browser = fixture.Scheduler.Browser(new());
        using var answer = await browser.GetAsync("/login");
        var policy = answer.Headers.GetValues("Content-Security-Policy").Single();
        Assert.Contains("default-src 'self'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("script-src 'unsafe-inline'", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
    }
}
