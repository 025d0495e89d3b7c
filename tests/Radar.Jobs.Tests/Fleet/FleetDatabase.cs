using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Radar.Jobs.Fleet;
using Radar.Jobs.Schema;
using Radar.Market;
using Radar.Testing;

namespace Radar.Jobs.Tests.Fleet;

/// <summary>A fresh database with schema <c>radar</c>, and the fleet in it.</summary>
public abstract class FleetDatabase(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IAsyncLifetime
{
    protected static readonly TimeSpan Long = TimeSpan.FromMinutes(1);

    protected static readonly WorkerId Worker = WorkerId.Consumer("BTCUSDT", "lightgbm", "v1");

    protected NpgsqlDataSource Database { get; private set; } = null!;

    protected FleetListener Listener { get; private set; } = null!;

    protected IFleet Fleet { get; private set; } = null!;

    protected LeaseTable Leases { get; private set; } = null!;

    protected WorkerReports Reports { get; private set; } = null!;

    protected static WorkerSpec Spec { get; } = new(Worker, WorkerKinds.PredictionConsumer, new Dictionary<string, string> { ["Radar:X"] = "1" });

    /// <summary>A process of another machine: nobody here can know whether it lives.</summary>
    protected static ProcessIdentity Elsewhere(int pid) => new("elsewhere", pid, 1);

    public async Task InitializeAsync()
    {
        Database = await postgres.CreateDatabaseAsync();
        await new Migrator(Database, NullLogger<Migrator>.Instance).MigrateAsync(CancellationToken.None);
        Listener = new FleetListener(Database, TimeProvider.System, NullLogger<FleetListener>.Instance);
        Fleet = FleetRegistration.Create(Database, Listener, TimeProvider.System);
        Leases = new LeaseTable(Database);
        Reports = new WorkerReports(Database);
    }

    public async Task DisposeAsync() => await Listener.DisposeAsync();

    protected async Task<Fence> BeginAsync(int pid = 1)
    {
        await ExecuteAsync("UPDATE radar.leases SET until = clock_timestamp()");
        var fence = await Leases.TryTakeAsync(Worker.Value, Elsewhere(pid), Long, CancellationToken.None);
        Assert.True(await Reports.BeginAsync(fence!.Value, Elsewhere(pid), CancellationToken.None));
        return fence.Value;
    }

    protected async Task<WorkerSnapshot> FindAsync() => (await Fleet.FindAsync(Worker, CancellationToken.None))!;

    protected async Task<List<string>> EventsAsync()
    {
        await using var command = Database.CreateCommand("SELECT event || ': ' || message FROM radar.worker_events ORDER BY id");
        await using var reader = await command.ExecuteReaderAsync();
        var events = new List<string>();
        while (await reader.ReadAsync())
        {
            events.Add(reader.GetString(0));
        }
        return events;
    }

    protected async Task ExecuteAsync(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
