using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Radar.Jobs.Fleet;
using Radar.Jobs.Schema;
using Radar.Testing;
using Radar.Workers.Hosting;

namespace Radar.Workers.Tests.Hosting;

public sealed class WorkerHostTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private static readonly WorkerId Id = new("BTCUSDT/lightgbm/v1");

    [Fact]
    public async Task Run_StoppedBetweenItsLeaseAndItsFirstWord_EndsInOrderAndGivesTheLeaseBack()
    {
        var database = await postgres.CreateDatabaseAsync();
        await new Migrator(database, NullLogger<Migrator>.Instance).MigrateAsync(CancellationToken.None);
        await using var listener = new FleetListener(database, TimeProvider.System, NullLogger<FleetListener>.Instance);
        await FleetRegistration.Create(database, listener, TimeProvider.System).StartAsync(
            new WorkerSpec(Id, WorkerKinds.PredictionConsumer, new Dictionary<string, string>()), "a test", CancellationToken.None);
        await using var connection = await database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using (var row = new NpgsqlCommand("SELECT 1 FROM radar.workers FOR UPDATE", connection, transaction))
        {
            await row.ExecuteNonQueryAsync(); // It cannot say that it begins.
        }

        using var stop = new CancellationTokenSource();
        using var host = new WorkerHost(
            Id, underAgent: true, new LeaseOptions(), database, listener, TimeProvider.System, NullLoggerFactory.Instance);
        var running = host.RunAsync(() => throw new InvalidOperationException("It must not begin."), stop.Token);
        var leases = new LeaseTable(database);
        await Until.TrueAsync(async () => await leases.FindAsync(Id.Value, CancellationToken.None) is { IsLive: true }, () => Task.FromResult("its lease"));
        await stop.CancelAsync();
        Assert.Equal(ExitCodes.Done, await running);
        Assert.False((await leases.FindAsync(Id.Value, CancellationToken.None))!.IsLive);
    }
}
