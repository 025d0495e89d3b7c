using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using Radar.Jobs.Hosting;
using Radar.Jobs.Runs;
using Radar.Jobs.TestNode;

namespace Radar.Jobs.Tests;

/// <summary>A node in this process, on a database of its own or of another node.</summary>
internal sealed class Node : IAsyncDisposable
{
    private readonly IHost _host;

    private Node(IHost host) => _host = host;

    public IServiceProvider Services => _host.Services;

    public IWorkflows Workflows => Services.GetRequiredService<IWorkflows>();

    public IRuns Runs => Services.GetRequiredService<IRuns>();

    /// <summary>Settings of a node: its deadlines are those of earnest, since a busy machine may stand still for some seconds.</summary>
    public static Dictionary<string, string?> Settings(string database, string name, string engine) => new()
    {
        ["Radar:Database"] = database,
        ["Radar:Engine"] = engine,
        ["Radar:Jobs:Node"] = name,
        ["Radar:Quartz:CheckIn"] = "00:00:01",
        ["Radar:Quartz:CheckInLate"] = "00:00:02",
    };

    public static async Task<Node> StartAsync(
        Dictionary<string, string?> settings, Action<IServiceCollection>? services = null, bool waitReady = true)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Configuration.AddInMemoryCollection(settings);
        services?.Invoke(builder.Services);
        NodeServices.Add(builder.Services, builder.Configuration);
        var node = new Node(builder.Build());
        await node._host.StartAsync();
        if (waitReady)
        {
            await node.Services.GetRequiredService<NodeState>().Ready.WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System);
        }

        return node;
    }

    /// <summary>Triggers a workflow as an operator would.</summary>
    public async Task<long> RunAsync(string workflow, params (string Name, string Value)[] parameters) =>
        (await Workflows.TriggerAsync(
            workflow, RunCause.Manual, "test", parameters.ToDictionary(p => p.Name, p => p.Value), CancellationToken.None)).RunId;

    /// <summary>Waits until a run has ended.</summary>
    public async Task<RunDetail> EndedAsync(long runId, double seconds = 90)
    {
        // Its row alone: a run of thousands of tasks would count them all, again and again.
        await using var ended = Services.GetRequiredService<NpgsqlDataSource>().CreateCommand("SELECT ended_at IS NOT NULL FROM radar.workflow_runs WHERE run_id = $1");
        ended.Parameters.AddWithValue(runId);
        await Eventually.TrueAsync(async () => await ended.ExecuteScalarAsync() is true, $"run {runId} to end", seconds);
        return (await Runs.FindAsync(runId, CancellationToken.None))!;
    }

    /// <summary>Waits until a task is in a state.</summary>
    public Task TaskIsAsync(long runId, string task, TaskState state) => Eventually.TrueAsync(
        async () => (await Runs.FindAsync(runId, CancellationToken.None))!.Tasks.Any(t => t.Task == task && t.State == state),
        $"run {runId} task {task} to be {state}");

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        if (_host is IAsyncDisposable disposable)
        {
            await disposable.DisposeAsync();
        }
    }
}

/// <summary>What tests ask PostgreSQL itself.</summary>
internal static class Database
{
    public static async Task ExecuteAsync(this NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public static async Task<T> ScalarAsync<T>(this NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public static async Task<List<string>> ColumnAsync(this NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
        {
            rows.Add(Convert.ToString(reader.GetValue(0), System.Globalization.CultureInfo.InvariantCulture)!);
        }

        return rows;
    }

    /// <summary>How another process reaches the same database.</summary>
    public static string SettingOf(this NpgsqlDataSource database) => database.ConnectionString;
}
