using System.Diagnostics;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Radar.Jobs.Engine;
using Radar.Jobs.FleetWorkflows;
using Radar.Jobs.Hosting;
using Radar.Jobs.Schema;
using Radar.Scheduler.Auth;
using Radar.Scheduler.Cli;
using Radar.Scheduler.Hosting;
using Radar.Testing;

namespace Radar.Scheduler.Tests.Compose;

/// <summary>What compose.yaml tells the scheduler and the command line is what they ask for, and its health check tells the truth.</summary>
public sealed class ComposeSchedulerTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task Scheduler_of_compose_asks_for_every_name_it_is_given_takes_every_value_and_passes_its_health_check()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        var service = ComposeFile.Repository.Services["scheduler"];
        var environment = ComposeImage.EnvironmentOf(service).ToDictionary();
        var folder = Directory.CreateTempSubdirectory("radar-compose-");
        environment["RADAR__LOGS__DIRECTORY"] = environment["RADAR__DATA__DIRECTORY"] = folder.FullName;
        environment["RADAR__MODELS__DIRECTORY"] = Path.Combine(SharedFolder.Repository, "models");
        Assert.Contains("@postgres:5432/radar", environment["DATABASE_URL"], StringComparison.Ordinal);
        environment["DATABASE_URL"] = Url(database);
        var asked = new AskedSettings(environment);

        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = SchedulerUnderTest.InRepository("src", "Radar.Scheduler") });
        ((IConfigurationBuilder)builder.Configuration).Add(asked);
        Assert.Equal("http://0.0.0.0:8321", SchedulerSettings.Urls(builder.Configuration));
        Assert.Empty(SchedulerSettings.Problems(builder.Configuration, SchedulerSettings.Urls(builder.Configuration)));
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var application = ServeCommand.Build(builder, EnginePackages.Choose(builder.Configuration["Radar:Engine"], null));
        await application.Services.GetRequiredService<Migrator>().MigrateAsync(CancellationToken.None);
        await application.Services.GetRequiredService<Accounts>().PrepareAsync(CancellationToken.None);
        await application.StartAsync();
        await application.Services.GetRequiredService<NodeState>().Ready.WaitAsync(TimeSpan.FromMinutes(2));

        await using (var worker = database.CreateCommand("INSERT INTO radar.workers (worker_id, kind, desired, desired_by) VALUES ('wallex-trades', 'wallex-trades', 'start', 'test')"))
        {
            await worker.ExecuteNonQueryAsync();
        }
        var address = new Uri(application.Urls.Single());
        using var http = new HttpClient { BaseAddress = address };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", ComposeFile.Secret);
        foreach (var page in (string[])["/api/v1/workflows", "/api/v1/fleet", "/api/v1/workers/log?worker=wallex-trades&tail=1", "/metrics"])
        {
            using var answer = await http.GetAsync(new Uri(page, UriKind.Relative));
            Assert.True(answer.IsSuccessStatusCode, $"{page}: {answer.StatusCode}");
        }
        var capture = application.Services.GetRequiredService<CaptureOptions>();
        Assert.True(capture.Enabled);
        Assert.Equal((3, 2, "kafka:29092"), (capture.TradesSinks, capture.DepthSinks, capture.BootstrapServers));
        _ = EnvironmentSystem.Read(builder.Configuration); // docker compose exec scheduler radar ...
        Assert.Empty(asked.NeverAsked);

        Assert.Equal(0, await HealthAsync("scheduler", address));
        Assert.NotEqual(0, await HealthAsync("agent", address)); // None is there.
        await using (var agent = database.CreateCommand(
            "INSERT INTO radar.agents (name, pid, until) VALUES ($1, 1, now() + interval '1 hour')"))
        {
            agent.Parameters.AddWithValue(Environment.MachineName);
            await agent.ExecuteNonQueryAsync();
        }
        Assert.Equal(0, await HealthAsync("agent", address));
        await application.StopAsync();
        Assert.NotEqual(0, await HealthAsync("scheduler", address));
        folder.Delete(recursive: true);
    }

    [Fact]
    public void Command_line_of_compose_asks_for_every_name_it_is_given_and_finds_the_scheduler()
    {
        var asked = new AskedSettings(ComposeFile.Repository.Services["start-fleet"].Environment);
        var system = EnvironmentSystem.Read(new ConfigurationBuilder().Add(asked).Build())!.Value;
        Assert.Empty(asked.NeverAsked);
        Assert.Equal("http://scheduler:8321", system.System.GetProperty("services")[0].GetProperty("address").GetString());
        Assert.Equal(ComposeFile.Secret, system.Secrets.GetProperty("apiToken").GetString());
    }

    private static string Url(NpgsqlDataSource database)
    {
        var connection = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        return $"postgresql://{connection.Username}:{connection.Password}@{connection.Host}:{connection.Port}/{connection.Database}";
    }

    /// <summary>Runs the health check that a container runs, against this address.</summary>
    private static async Task<int> HealthAsync(string what, Uri address)
    {
        using var process = Process.Start(new ProcessStartInfo("bash", [ComposeFile.Path("radar-health"), what, address.Host, $"{address.Port}"]) { RedirectStandardError = true })!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        _ = await process.StandardError.ReadToEndAsync(deadline.Token);
        await process.WaitForExitAsync(deadline.Token);
        return process.ExitCode;
    }
}
