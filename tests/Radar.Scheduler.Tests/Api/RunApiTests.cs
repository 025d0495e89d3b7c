using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Radar.Testing;

namespace Radar.Scheduler.Tests.Api;

public sealed class RunApiTests(SchedulerFixture fixture) : IClassFixture<SchedulerFixture>
{
    private readonly HttpClient _program = fixture.Scheduler.Program();

    [Fact]
    public async Task Workflows_are_listed_with_their_aliases()
    {
        var workflows = await GetAsync("workflows");
        var names = workflows.EnumerateArray().ToDictionary(w => w.GetProperty("name").GetString()!, w => w);
        Assert.Equal(["kill-fleet", "start-fleet"], names.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("kill_all", names["kill-fleet"].GetProperty("aliases")[0].GetString());
        Assert.Equal("consumer_start", names["start-fleet"].GetProperty("aliases")[0].GetString());
    }

    [Fact]
    public async Task Run_of_an_empty_fleet_succeeds_and_can_be_followed()
    {
        using var answer = await _program.PostAsync("/api/v1/workflows/kill_all/runs", null);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var id = (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("runId").GetInt64();

        await Eventually.TrueAsync(
            async () => (await GetAsync($"runs/{id}")).GetProperty("run").GetProperty("state").GetString() == "succeeded", TimeSpan.FromMinutes(1), "the run's end");

        var detail = await GetAsync($"runs/{id}");
        Assert.Equal("kill-fleet", detail.GetProperty("run").GetProperty("workflow").GetString());
        var tasks = detail.GetProperty("tasks").EnumerateArray().ToList();
        Assert.NotEmpty(tasks);
        Assert.All(tasks, task => Assert.Equal("succeeded", task.GetProperty("state").GetString()));
        var listed = (await GetAsync("runs?workflow=kill-fleet")).EnumerateArray().Select(r => r.GetProperty("runId").GetInt64());
        Assert.Contains(id, listed);

        var name = Uri.EscapeDataString(tasks[0].GetProperty("task").GetString()!);
        Assert.Equal(JsonValueKind.Array, (await GetAsync($"runs/{id}/logs?task={name}")).ValueKind);
        using var late = await _program.PostAsync($"/api/v1/runs/{id}/cancel", null);
        Assert.Equal(HttpStatusCode.NotFound, late.StatusCode);
    }

    [Fact]
    public async Task Unknown_workflow_is_answered_with_the_nearest_name()
    {
        using var answer = await _program.PostAsync("/api/v1/workflows/start-flet/runs", null);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Contains("Did you mean 'start-fleet'?", await answer.Content.ReadAsStringAsync().ContinueWith(t => JsonDocument.Parse(t.Result).RootElement.GetProperty("error").GetString(), TaskScheduler.Default), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("runs/999999")]
    [InlineData("runs/999999/logs?task=x")]
    public async Task Unknown_run_answers_404_with_a_sentence(string path)
    {
        using var answer = await _program.GetAsync("/api/v1/" + path);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Contains("999999", (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    private Task<JsonElement> GetAsync(string path) => _program.GetFromJsonAsync<JsonElement>("/api/v1/" + path);
}
