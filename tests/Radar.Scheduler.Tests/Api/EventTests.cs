using System.Net;
using Radar.Jobs.Fleet;

namespace Radar.Scheduler.Tests.Api;

public sealed class EventTests(SchedulerFixture fixture) : IClassFixture<SchedulerFixture>
{
    [Fact]
    public async Task Stream_without_login_is_refused()
    {
        using var browser = fixture.Scheduler.Browser(new());
        using var answer = await browser.GetAsync("/api/v1/events");
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    [Fact]
    public async Task Stream_tells_of_a_worker_and_of_a_run_as_they_change()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        using var program = fixture.Scheduler.Program();
        using var answer = await program.GetAsync("/api/v1/events", HttpCompletionOption.ResponseHeadersRead, deadline.Token);
        Assert.Equal("text/event-stream", answer.Content.Headers.ContentType!.MediaType);
        using var stream = new StreamReader(await answer.Content.ReadAsStreamAsync(deadline.Token));
        await UntilAsync(stream, "event: tick", deadline.Token);

        await fixture.AddWorkerAsync(new WorkerId("BTCUSDT/events/v1"));
        await UntilAsync(stream, "event: fleet", deadline.Token);

        await fixture.ExecuteAsync("INSERT INTO radar.workflow_runs (workflow, cause, requested_by, state) VALUES ('made-up', 'manual', 'test', 'cancelled')");
        await UntilAsync(stream, "event: runs", deadline.Token);
        var run = await fixture.ValueAsync<long>("SELECT run_id FROM radar.workflow_runs WHERE workflow = 'made-up'");
        await UntilAsync(stream, $"data: {run}", deadline.Token);
    }

    private static async Task UntilAsync(StreamReader stream, string wanted, CancellationToken cancellationToken)
    {
        string? line;
        do
        {
            line = await stream.ReadLineAsync(cancellationToken);
            Assert.True(line is not null, $"The stream ended before '{wanted}'.");
        }
        while (line != wanted);
    }
}
