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

        await fixture.ExecuteAsync("INSERT INTO radar.agents (name, pid, until, heartbeat_at) VALUES ('here', 1, now() + interval '1 hour', now() - interval '5 seconds')");
        await fixture.AddWorkerAsync(new("BTCUSDT/tst/v1"), """{"roundAgeSeconds": 30}""");
        await fixture.ExecuteAsync("UPDATE radar.workers SET actual = 'running', heartbeat_at = now() - interval '90 seconds'");
        using var with = await browser.GetAsync("/health");
        Assert.Equal(HttpStatusCode.OK, with.StatusCode);
        var health = await with.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal("healthy", health.GetProperty("status").GetString());
        Assert.Equal(1, health.GetProperty("agents").GetInt64());
        var agent = Assert.Single(health.GetProperty("heartbeats").GetProperty("agents").EnumerateArray());
        Assert.Equal(("here", "alive"), (agent.GetProperty("name").GetString(), agent.GetProperty("state").GetString()));
        Assert.InRange(agent.GetProperty("age").GetDouble(), 5, 89);
        var worker = Assert.Single(health.GetProperty("heartbeats").GetProperty("workers").EnumerateArray());
        Assert.Equal(("BTCUSDT/tst/v1", "running"), (worker.GetProperty("name").GetString(), worker.GetProperty("state").GetString()));
        Assert.True(worker.GetProperty("age").GetDouble() >= 90);
        Assert.Equal(30, worker.GetProperty("workAge").GetDouble() - worker.GetProperty("age").GetDouble(), 3);
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
