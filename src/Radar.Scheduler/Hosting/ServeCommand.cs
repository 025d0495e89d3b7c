using System.CommandLine;
using Npgsql;
using Radar.Jobs.Engine;
using Radar.Jobs.Hosting;
using Radar.Jobs.Logging;
using Radar.Jobs.Schema;
using Radar.Market.Storage;
using Radar.Scheduler.Api;
using Radar.Scheduler.Auth;
using Radar.Scheduler.Metrics;

namespace Radar.Scheduler.Hosting;

/// <summary><c>radar-scheduler serve</c>: engine, API and dashboard until told to stop.</summary>
internal static partial class ServeCommand
{
    private static readonly TimeSpan DatabasePatience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LongestNap = TimeSpan.FromSeconds(5);

    public static Command Create()
    {
        var command = new Command("serve", "Run the scheduler: job engine, API and dashboard (settings come from RADAR__... variables)");
        command.SetAction((_, token) => RunAsync(token));
        return command;
    }

    /// <summary>The application, not started yet.</summary>
    internal static WebApplication Build(WebApplicationBuilder builder, IEnginePackage engine)
    {
        builder.Logging.ClearProviders().AddRadarConsole("scheduler").AddFilter("Microsoft.AspNetCore", LogLevel.Warning)
            // The keys lie in the database, whose reader may act as anybody anyway.
            .AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error)
            // Hangfire's pages ask for a token, which nobody keeps: our own headers say so already.
            .AddFilter("Microsoft.AspNetCore.Antiforgery", LogLevel.Error)
            // Why the host could not start is said once, in a sentence, by RunAsync.
            .AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        engine.Add(builder.Services, builder.Configuration);
        builder.Services.AddRadarJobsNode(builder.Configuration);
        builder.Services.AddRadarAuth();
        builder.Services.AddSingleton<PrometheusPage>();
        builder.Services.AddSingleton<MeterPage>();
        builder.Services.AddSingleton<LiveEvents>();
        builder.Services.AddHostedService(services => services.GetRequiredService<LiveEvents>());
        builder.Services.AddRadarJson();

        var application = builder.Build();
        application.Services.GetRequiredService<MeterPage>(); // It counts from the first request on.
        application.UseExceptionHandler(Problems.Options);
        application.Use(SecurityHeaders.AddAsync);
        application.UseStaticFiles();
        application.UseRouting();
        application.UseRateLimiter();
        application.UseAuthentication();
        application.UseAuthorization();
        application.UseRequestTokens();
        application.MapLogin();
        application.MapHealth();
        application.MapFleet();
        application.MapRuns();
        application.MapCandles();
        application.MapEvents();
        engine.MapPages(application, AuthRegistration.LoggedIn);
        application.MapGet("/metrics", (PrometheusPage page, CancellationToken token) => page.WriteAsync(token)).AllowAnonymous();
        application.MapFallback("/api/{**path}", (HttpContext context) =>
            Results.NotFound(new { error = $"There is no {context.Request.Method} {context.Request.Path}; docs/api.md lists what there is." }));
        application.MapFallback((IWebHostEnvironment environment) =>
            Results.File(environment.WebRootFileProvider.GetFileInfo("dashboard.html").CreateReadStream(), "text/html; charset=utf-8"));
        return application;
    }

    private static async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var urls = "?";
        try
        {
            var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = ContentRoot() });
            urls = SchedulerSettings.Urls(builder.Configuration);
            if (SchedulerSettings.Problems(builder.Configuration, urls) is { Count: > 0 } problems)
            {
                await Console.Error.WriteLineAsync($"radar-scheduler: {string.Join(Environment.NewLine + "radar-scheduler: ", problems)}");
                return 1;
            }
            builder.WebHost.UseUrls(urls);
            var engine = await ChooseEngineAsync(builder.Configuration, cancellationToken);
            await using var application = Build(builder, engine);
            await application.Services.GetRequiredService<Migrator>().MigrateAsync(cancellationToken);
            await application.Services.GetRequiredService<Accounts>().PrepareAsync(cancellationToken);
            Lifeline.Watch(application.Lifetime.StopApplication);
            var node = application.Services.GetRequiredService<NodeState>();
            await application.RunAsync();
            if (node.Ready.IsFaulted)
            {
                await node.Ready; // The host stopped because its node cannot work: say why, and not with 0.
            }
            return 0;
        }
        catch (IOException ex) when (ex.Message.Contains("address already in use", StringComparison.OrdinalIgnoreCase))
        {
            await Console.Error.WriteLineAsync($"radar-scheduler: {urls} is taken by another program: set Radar:Scheduler:Urls (RADAR__SCHEDULER__URLS) to a free port.");
            return 1;
        }
        catch (NpgsqlException ex)
        {
            await Console.Error.WriteLineAsync($"radar-scheduler: PostgreSQL went away in the middle of the start ({ex.Message}): start again when it is back.");
            return 1;
        }
        catch (Exception ex) when (ex is InvalidOperationException or ArgumentException or SchemaException or OtherEngineException)
        {
            await Console.Error.WriteLineAsync($"radar-scheduler: {ex.Message}");
            return 1;
        }
    }

    // Which engine is to work may be written down in the database: before anything else, it must answer.
    private static async Task<IEnginePackage> ChooseEngineAsync(ConfigurationManager configuration, CancellationToken cancellationToken)
    {
        using var loggers = LoggerFactory.Create(logging => logging.AddRadarConsole("scheduler"));
        var logger = loggers.CreateLogger(typeof(ServeCommand));
        foreach (var missing in EnginePackages.Missing)
        {
            LogMissing(logger, missing);
        }

        await using var database = RadarDatabase.Create(JobsRegistration.DatabaseSetting(configuration), "scheduler start", 1);
        var time = TimeProvider.System;
        var started = time.GetTimestamp();
        var patience = SchedulerSettings.DatabaseDeadline(configuration) ?? DatabasePatience;
        for (var nap = TimeSpan.FromMilliseconds(250); ; nap = nap * 2 > LongestNap ? LongestNap : nap * 2)
        {
            try
            {
                return EnginePackages.Choose(configuration["Radar:Engine"], await EngineRecord.ReadAsync(database, cancellationToken));
            }
            catch (NpgsqlException ex) when (ex is not PostgresException { IsTransient: false })
            {
                var target = new NpgsqlConnectionStringBuilder(database.ConnectionString);
                if (time.GetElapsedTime(started) + nap > patience)
                {
                    throw new InvalidOperationException(
                        $"PostgreSQL at {target.Host}:{target.Port} did not answer for {patience.TotalSeconds:0} s ({ex.Message}): start it, correct Radar:Database, " +
                        "or wait longer with Radar:Scheduler:DatabaseDeadline (seconds).", ex);
                }
                LogWaiting(logger, target.Host ?? "?", target.Port, ex.Message);
                await Task.Delay(nap, time, cancellationToken);
            }
        }
    }

    // wwwroot lies beside the sources when we run from a clone, and beside the program once it is published.
    private static string ContentRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (Directory.Exists(Path.Combine(folder.FullName, "wwwroot", "js")))
            {
                return folder.FullName;
            }
        }
        return AppContext.BaseDirectory;
    }

    [LoggerMessage(LogLevel.Information, "{Missing}")]
    private static partial void LogMissing(ILogger logger, string missing);

    [LoggerMessage(LogLevel.Warning, "PostgreSQL at {Host}:{Port} does not answer ({Problem}); waiting for it")]
    private static partial void LogWaiting(ILogger logger, string host, int port, string problem);
}
