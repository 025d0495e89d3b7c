using System.Net;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Radar.Jobs.Engine;
using Radar.Jobs.Hosting;
using Radar.Jobs.Schema;
using Radar.Scheduler.Auth;
using Radar.Scheduler.Hosting;

namespace Radar.Scheduler.Tests;

/// <summary>A scheduler on a free port of this machine, over a database that outlives it.</summary>
internal sealed class SchedulerUnderTest : IAsyncDisposable
{
    public const string Password = "correct horse";
    public const string Token = "battery-staple";

    private readonly WebApplication _application;

    private SchedulerUnderTest(WebApplication application) => _application = application;

    public Uri Address => new(_application.Urls.Single());

    public IServiceProvider Services => _application.Services;

    /// <summary>Starts one and waits until it takes jobs.</summary>
    /// <param name="server">Connection string of the server.</param>
    /// <param name="database">One of its databases.</param>
    /// <param name="settings">Further settings.</param>
    public static Task<SchedulerUnderTest> StartAsync(string server, NpgsqlDataSource database, params (string Key, string Value)[] settings) =>
        StartAsync(server, database, _ => { }, settings);

    /// <summary>Starts one with services of the test's own.</summary>
    public static async Task<SchedulerUnderTest> StartAsync(
        string server, NpgsqlDataSource database, Action<IServiceCollection> services, params (string Key, string Value)[] settings)
    {
        var connection = new NpgsqlConnectionStringBuilder(server)
        {
            Database = new NpgsqlConnectionStringBuilder(database.ConnectionString).Database,
        };
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = WebFiles() });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Radar:Database"] = connection.ConnectionString,
            ["Radar:Auth:OperatorPassword"] = Password,
            ["Radar:Auth:ApiToken"] = Token,
            ["Radar:Models:Directory"] = Path.Combine(AppContext.BaseDirectory, "no-models"),
            ["Radar:Jobs:Node"] = "scheduler-under-test",
        });
        builder.Configuration.AddInMemoryCollection(settings.ToDictionary(s => s.Key, s => (string?)s.Value));
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        services(builder.Services);
        var application = ServeCommand.Build(builder, EnginePackages.Choose(builder.Configuration["Radar:Engine"], null));
        await application.Services.GetRequiredService<Migrator>().MigrateAsync(CancellationToken.None);
        await application.Services.GetRequiredService<Accounts>().PrepareAsync(CancellationToken.None);
        await application.StartAsync();
        await application.Services.GetRequiredService<NodeState>().Ready.WaitAsync(TimeSpan.FromMinutes(2));
        return new SchedulerUnderTest(application);
    }

    /// <summary>A client that sends the token.</summary>
    public HttpClient Program()
    {
        var client = new HttpClient { BaseAddress = Address };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token);
        return client;
    }

    /// <summary>A client that keeps cookies as a browser does, and follows no redirect.</summary>
    public HttpClient Browser(CookieContainer cookies) =>
        new(new HttpClientHandler { CookieContainer = cookies, AllowAutoRedirect = false }) { BaseAddress = Address };

    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync();
        await _application.DisposeAsync();
    }

    // The pages lie beside the scheduler's sources.
    private static string WebFiles() => InRepository("src", "Radar.Scheduler");

    /// <summary>A path of the clone.</summary>
    internal static string InRepository(params string[] path)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Radar.sln")))
        {
            folder = folder.Parent;
        }
        return Path.Combine([folder!.FullName, .. path]);
    }
}
