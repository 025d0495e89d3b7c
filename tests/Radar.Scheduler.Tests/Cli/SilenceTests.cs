using System.CommandLine;
using System.Net;
using Radar.Scheduler.Cli;

namespace Radar.Scheduler.Tests.Cli;

/// <summary>A scheduler that hangs: a call of the HTTP client whose patience ends looks like one that was called off.</summary>
public sealed class SilenceTests : IDisposable
{
    private readonly string _state = Directory.CreateTempSubdirectory("radar-silence-").FullName;

    public void Dispose() => Directory.Delete(_state, recursive: true);

    [Fact]
    public async Task Verb_that_gets_no_answer_has_failed_and_was_not_called_off()
    {
        await File.WriteAllTextAsync(Path.Combine(_state, "system.json"), """{"phase": "up", "launcher": ""}""");
        await File.WriteAllTextAsync(Path.Combine(_state, "secrets.json"), "{}");
        var verb = Verb.Create("look", "Asks", [], (_, _, _) => throw new TaskCanceledException("The request was canceled due to the configured HttpClient.Timeout"));
        Assert.Equal(1, await verb.Parse(["--state", _state]).InvokeAsync());
    }

    [Fact]
    public async Task Run_that_is_followed_outlives_an_answer_that_does_not_come()
    {
        using var api = new HttpClient(new Hesitant()) { BaseAddress = new Uri("http://127.0.0.1/") };
        Assert.Equal(0, await RunCommand.FollowAsync(api, 7, CancellationToken.None));
    }

    private sealed class Hesitant : HttpMessageHandler
    {
        private int _asked;

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => ++_asked == 1
            ? throw new TaskCanceledException("too slow")
            : Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK)
            {
                Content = new StringContent("""{"tasks": [], "run": {"state": "succeeded", "reason": null}}""", System.Text.Encoding.UTF8, "application/json"),
            });
    }
}
