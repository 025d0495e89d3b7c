using System.Net;

namespace Radar.Scheduler.Tests.Auth;

/// <summary>Apart from the other tests of the login: it uses up what a minute allows.</summary>
public sealed class LoginLimitTests(SchedulerFixture fixture) : IClassFixture<SchedulerFixture>
{
    [Fact]
    public async Task Guessing_passwords_is_soon_refused()
    {
        using var browser = fixture.Scheduler.Browser(new());
        var answers = new List<HttpStatusCode>();
        for (var i = 0; i < 25; i++)
        {
            using var answer = await LoginTests.LogInAsync(browser, "operator", $"guess {i}");
            answers.Add(answer.StatusCode);
        }
        Assert.Contains(HttpStatusCode.TooManyRequests, answers);
        Assert.NotEqual(HttpStatusCode.TooManyRequests, answers[0]);
    }
}
