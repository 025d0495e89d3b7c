using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Radar.Jobs.Engine;
using Radar.Jobs.Runs;
using Radar.Jobs.Schema;
using Radar.Jobs.Workflows;

namespace Radar.Jobs.Hosting;

/// <summary>The life of a node: waits for PostgreSQL, migrates, claims the engine, works, and stops in the opposite order.</summary>
internal sealed partial class JobsNode(
    NpgsqlDataSource database,
    Migrator migrator,
    WorkflowCatalog catalog,
    IJobEngine engine,
    IEngineServer server,
    LeaseKeeper leases,
    Sweeper sweeper,
    TaskLogs logs,
    RunSignals signals,
    NodeState state,
    JobsOptions options,
    IConfiguration configuration,
    TimeProvider time,
    ILogger<JobsNode> logger) : BackgroundService
{
    private bool _switched;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await PrepareAsync(stoppingToken);
            using var ended = new CancellationTokenSource();
            Task[] loops = [logs.RunAsync(ended.Token), leases.RunAsync(engine.Name, ended.Token), signals.RunAsync(ended.Token)];
            try
            {
                await UntilThereAsync(() => server.StartAsync(stoppingToken), stoppingToken);
                await UntilThereAsync(() => SetRecurringAsync(stoppingToken), stoppingToken);
                state.SetReady();
                LogStarted(options.Node, engine.Name);
                // None of the others ends before it is told to, unless it cannot go on; and without it the node cannot either.
                using var swept = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
                var sweeping = sweeper.RunAsync(swept.Token);
                var first = await Task.WhenAny([sweeping, .. loops]);
                await swept.CancelAsync();
                await sweeping;
                await first;
            }
            finally
            {
                // Leases are renewed and lines written until the last task has ended.
                using var grace = new CancellationTokenSource(options.ShutdownGrace, time);
                await server.StopAsync(grace.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                await ended.CancelAsync();
                await Task.WhenAll(loops).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                await SignOffAsync();
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopped before it had begun.
        }
        catch (Exception error)
        {
            state.SetFailed(error);
            throw;
        }

        LogStopped(options.Node);
    }

    private async Task PrepareAsync(CancellationToken cancellationToken)
    {
        await UntilThereAsync(() => migrator.MigrateAsync(cancellationToken), cancellationToken);
        await UntilThereAsync(
            async () => _switched |= await EngineRecord.ClaimAsync(database, engine.Name, configuration.GetValue<bool>("Radar:SwitchEngine"), cancellationToken),
            cancellationToken);
        await UntilThereAsync(() => ForgetLeasesAsync(cancellationToken), cancellationToken);
    }

    /// <summary>What this node held, it held in an earlier life: nobody need wait for those leases to run out.</summary>
    private async Task ForgetLeasesAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(
            "UPDATE radar.task_runs SET lease_until = now() - interval '1 ms' WHERE node = $1 AND state = 'running' AND lease_until > now()",
            [options.Node], cancellationToken);
    }

    private async Task UntilThereAsync(Func<Task> work, CancellationToken cancellationToken)
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                await work();
                return;
            }
            catch (Exception error) when ((error is TimeoutException || error.IsDatabaseAway()) && !cancellationToken.IsCancellationRequested)
            {
                if (tries % 10 == 0)
                {
                    var target = new NpgsqlConnectionStringBuilder(database.ConnectionString);
                    LogWaiting(target.Host ?? "?", target.Port, error.Message);
                }

                await Task.Delay(TimeSpan.FromSeconds(1), time, cancellationToken);
            }
        }
    }

    private async Task SetRecurringAsync(CancellationToken cancellationToken)
    {
        var before = (await engine.DescribeAsync(cancellationToken)).Recurring.Select(r => r.Workflow);
        // After a switch the triggers of this engine's earlier life are made anew: what they missed, the other engine has fired.
        foreach (var gone in _switched ? before : before.Except(catalog.All.Select(w => w.Name)))
        {
            await engine.RemoveRecurringAsync(gone, cancellationToken);
        }

        foreach (var workflow in catalog.All)
        {
            await engine.SetRecurringAsync(
                new(workflow.Name, workflow.Schedule?.Cron, workflow.Schedule?.TimeZone ?? "Etc/UTC"), cancellationToken);
        }
    }

    private async Task SignOffAsync()
    {
        try
        {
            using var briefly = new CancellationTokenSource(TimeSpan.FromSeconds(2), time);
            await using var connection = await database.OpenConnectionAsync(briefly.Token);
            await connection.ExecuteAsync("DELETE FROM radar.nodes WHERE name = $1", [options.Node], briefly.Token);
        }
        catch (Exception error) when (error is NpgsqlException or OperationCanceledException || error.IsDatabaseAway())
        {
            LogNoSignOff(error.Message);
        }
    }

    [LoggerMessage(LogLevel.Information, "Node {Node} works on engine {Engine}")]
    private partial void LogStarted(string node, string engine);

    [LoggerMessage(LogLevel.Information, "Node {Node} has stopped")]
    private partial void LogStopped(string node);

    [LoggerMessage(LogLevel.Warning, "PostgreSQL at {Host}:{Port} does not answer ({Problem}); waiting for it. Check Radar:Database if this lasts")]
    private partial void LogWaiting(string host, int port, string problem);

    [LoggerMessage(LogLevel.Information, "Could not sign off ({Problem}); the node's lease ends by itself")]
    private partial void LogNoSignOff(string problem);
}
