using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Radar.Jobs.Fleet;

namespace Radar.Scheduler.Tests.Api;

public sealed class FleetApiTests(SchedulerFixture fixture) : IClassFixture<SchedulerFixture>
{
    private readonly HttpClient _program = fixture.Scheduler.Program();

    [Fact]
    public async Task Worker_is_shown_with_what_is_asked_and_what_is_true()
    {
        await fixture.AddWorkerAsync(new("BTCUSDT/lightgbm/v1"), """{"lag": 7, "residentMemoryBytes": 61500000}""");
        var worker = Assert.Single((await GetAsync("fleet")).EnumerateArray(), w => w.GetProperty("id").GetString() == "BTCUSDT/lightgbm/v1");
        Assert.Equal("start", worker.GetProperty("desired").GetString());
        Assert.Equal("wait", worker.GetProperty("actual").GetString());
        Assert.Equal(0, worker.GetProperty("epoch").GetInt64());
        Assert.Equal(7, worker.GetProperty("figures").GetProperty("lag").GetInt32());
    }

    [Fact]
    public async Task Desired_state_is_stored_with_who_asked_for_it()
    {
        await fixture.AddWorkerAsync(new("BTCUSDT/lightgbm/v2"));
        using var answer = await AskAsync("BTCUSDT/lightgbm/v2", "pause");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("pause", await fixture.ValueAsync<string>("SELECT desired FROM radar.workers WHERE worker_id = 'BTCUSDT/lightgbm/v2'"));
        Assert.Equal(1, await fixture.ValueAsync<long>("SELECT count(*) FROM radar.audit WHERE action = 'pause' AND object = 'BTCUSDT/lightgbm/v2'"));
        var events = await GetAsync("workers/events?worker=BTCUSDT/lightgbm/v2");
        Assert.Contains(events.EnumerateArray(), e => e.GetProperty("message").GetString()!.StartsWith("pause asked by", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("BTCUSDT/lightgbm/v1", "fly", HttpStatusCode.BadRequest, "start, pause or delete")]
    [InlineData("BTCUSDT/lightgbm/v1", "7", HttpStatusCode.BadRequest, "start, pause or delete")]
    [InlineData("BTCUSDT/lightgbm/v9", "pause", HttpStatusCode.NotFound, "BTCUSDT/lightgbm/v9")]
    public async Task Wrong_request_is_answered_with_what_would_be_right(string worker, string desired, HttpStatusCode status, string words)
    {
        await fixture.AddWorkerAsync(new("BTCUSDT/lightgbm/v1"));
        using var answer = await AskAsync(worker, desired);
        Assert.Equal(status, answer.StatusCode);
        Assert.Contains(words, (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Number_of_sinks_is_stored_with_who_asked_for_it()
    {
        using var answer = await _program.PostAsJsonAsync("/api/v1/fleet/scale", new { kind = "trades-sink", count = 5 });
        Assert.Contains("switched off", (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("follows").GetString(), StringComparison.Ordinal);
        Assert.Equal(5, await fixture.ValueAsync<int>("SELECT count FROM radar.worker_counts WHERE kind = 'trades-sink'"));
        Assert.Equal(1, await fixture.ValueAsync<long>("SELECT count(*) FROM radar.audit WHERE action = 'scale to 5' AND object = 'trades-sink'"));
        using var wrong = await _program.PostAsJsonAsync("/api/v1/fleet/scale", new { kind = "candle-producer", count = 5 });
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
        Assert.Contains("'candle-producer' cannot be scaled", (await wrong.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Body_that_is_no_json_answers_400()
    {
        using var answer = await _program.PostAsync("/api/v1/fleet/desired", new StringContent("{", System.Text.Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Fact]
    public async Task Log_has_the_last_lines_of_the_workers_file()
    {
        var id = new WorkerId("BTCUSDT/tst/v1");
        await fixture.AddWorkerAsync(id);
        Assert.Empty((await GetAsync($"workers/log?worker={id}")).GetProperty("lines").EnumerateArray());
        Directory.CreateDirectory(Path.Combine(fixture.Logs, "workers"));
        await File.WriteAllLinesAsync(Path.Combine(fixture.Logs, "workers", id.FileName + ".log"), Enumerable.Range(1, 50).Select(i => $"line {i}"));
        var lines = (await GetAsync($"workers/log?worker={id}&tail=3")).GetProperty("lines").EnumerateArray().Select(l => l.GetString());
        Assert.Equal(["line 48", "line 49", "line 50"], lines);
    }

    [Theory]
    [InlineData("../../../etc/passwd")]
    [InlineData("BTCUSDT/tst/v77")]
    public async Task Log_of_an_unknown_worker_answers_404(string worker)
    {
        using var answer = await _program.GetAsync("/api/v1/workers/log?worker=" + Uri.EscapeDataString(worker));
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    private Task<HttpResponseMessage> AskAsync(string worker, string desired) => _program.PostAsJsonAsync("/api/v1/fleet/desired", new { worker, desired });

    private Task<JsonElement> GetAsync(string path) => _program.GetFromJsonAsync<JsonElement>("/api/v1/" + path);
}
