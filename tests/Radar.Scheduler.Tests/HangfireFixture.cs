using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Radar.Jobs.Hosting;
using Radar.Jobs.Workflows;
using Radar.Testing;

namespace Radar.Scheduler.Tests;

/// <summary>A scheduler on Hangfire, with workflows that fail or never end.</summary>
public sealed class HangfireFixture : IAsyncLifetime
{
    /// <summary>Only ends what would hang.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>How often the task of "stubborn" is tried.</summary>
    internal const int Tries = 100_000;

    private readonly PostgresFixture _postgres = new();
    private NpgsqlDataSource _database = null!;

    internal SchedulerUnderTest Scheduler { get; private set; } = null!;

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        await _postgres.InitializeAsync();
        _database = await _postgres.CreateDatabaseAsync();
        await ExecuteAsync("CREATE TABLE public.may_pass (yes boolean)");
        Scheduler = await SchedulerUnderTest.StartAsync(
            _postgres.Server, _database, services => services.AddWorkflow<Stubborn>().AddWorkflow<Endless>(), ("Radar:Engine", "Hangfire"),
            ("Radar:Models:Directory", SchedulerUnderTest.InRepository("models")));
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        await Scheduler.DisposeAsync();
        await _postgres.DisposeAsync();
    }

    internal async Task ExecuteAsync(string sql)
    {
        await using var command = _database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    internal async Task<T> ValueAsync<T>(string sql)
    {
        await using var command = _database.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Stands for the agent: what is to be deleted, is.</summary>
    internal Task WorkersObeyAsync() => Eventually.TrueAsync(
        async () =>
        {
            await ExecuteAsync("UPDATE radar.workers SET actual = 'deleted' WHERE desired = 'delete'");
            return await ValueAsync<long>("SELECT count(*) FROM radar.workers WHERE actual <> 'deleted'") == 0;
        },
        Patience,
        "all workers to be deleted");

    private sealed class Stubborn : IWorkflowSource
    {
        public Workflow Build() => new()
        {
            Name = "stubborn",
            Description = "Fails until it may pass.",
            Tasks =
            [
                new()
                {
                    Name = "try",
                    // More tries than any test waits for: it sees the retry however slow its machine is, and uses the tries up itself.
                    Retry = new(Tries, TimeSpan.FromSeconds(4), 1, TimeSpan.FromSeconds(4)),
                    Body = async (context, token) =>
                    {
                        await using var command = context.Services.GetRequiredService<NpgsqlDataSource>().CreateCommand("SELECT count(*) FROM public.may_pass");
                        return await command.ExecuteScalarAsync(token) is > 0L ? "passed" : throw new InvalidOperationException("it may not pass");
                    },
                },
                new() { Name = "after", Needs = ["try"], Body = (_, _) => Task.FromResult<object?>(null) },
            ],
        };
    }

    private sealed class Endless : IWorkflowSource
    {
        public Workflow Build() => new()
        {
            Name = "endless",
            Description = "Waits for ever.",
            Tasks =
            [
                new() { Name = "wait", Body = async (_, token) => { await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token); return null; } },
                new() { Name = "after", Needs = ["wait"], Body = (_, _) => Task.FromResult<object?>(null) },
            ],
        };
    }
}
