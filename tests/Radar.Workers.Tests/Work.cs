using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Radar.Jobs.Fleet;
using Radar.Jobs.Schema;
using Radar.Market;
using Radar.Market.Candles;
using Radar.Testing;
using Radar.Workers.Hosting;

namespace Radar.Workers.Tests;

/// <summary>A worker's work in this process: a database of its own, a lease, a folder; no host around it.</summary>
internal sealed class Work : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;
    private DesiredState _desired = DesiredState.Start;

    private Work(NpgsqlDataSource database, WorkerContext context) => (Database, Context) = (database, context);

    public NpgsqlDataSource Database { get; }

    public WorkerContext Context { get; }

    public string Folder { get; } = Directory.CreateTempSubdirectory("radar-work-").FullName;

    public bool IsRunning { get; private set; }

    public static async Task<Work> CreateAsync(PostgresFixture postgres, WorkerId id)
    {
        var database = await postgres.CreateDatabaseAsync();
        await new Migrator(database, NullLogger<Migrator>.Instance).MigrateAsync(CancellationToken.None);
        return await CreateAsync(database, id);
    }

    public static async Task<Work> CreateAsync(NpgsqlDataSource database, WorkerId id)
    {
        await using (var end = database.CreateCommand("UPDATE radar.leases SET until = clock_timestamp()"))
        {
            await end.ExecuteNonQueryAsync();
        }
        var options = new LeaseOptions { Lasts = TimeSpan.FromHours(1) };
        var fence = await new LeaseTable(database).TryTakeAsync(id.Value, ProcessIdentity.Own, options.Lasts, CancellationToken.None);
        Work? work = null;
        work = new Work(database, new WorkerContext
        {
            Id = id,
            Database = database,
            Lease = new WorkerLease(fence!.Value, options, TimeProvider.System),
            Reports = new WorkerReports(database),
            Figures = new WorkerFigures(TimeProvider.System),
            Time = TimeProvider.System,
            Loggers = NullLoggerFactory.Instance,
            Desired = () => work!._desired,
            Running = _ =>
            {
                work!.IsRunning = true;
                return Task.CompletedTask;
            },
        });
        return work;
    }

    public static IReadOnlyList<Candle> Candles(int first, int count) =>
        [.. Enumerable.Range(first, count).Select(i =>
        {
            var price = 20_000 + 100 * Math.Sin(i / 7.0) + i % 13;
            return new Candle(
                i * CandleTime.Minute, price, price + 5, price - 5, price + 1, 10 + i % 5, (i + 1) * CandleTime.Minute - 1, price * 10, 100 + i % 7, 4, price * 4, 0);
        })];

    public void Start(IWorker worker) => _running = Task.Run(() => worker.RunAsync(Context, _stop.Token));

    /// <summary>Stops the work, as a process does that ends, or because the worker is asked to be something else; what it failed with, if it did, comes out here.</summary>
    public async Task StopAsync(DesiredState desired = DesiredState.Start)
    {
        _desired = desired;
        await _stop.CancelAsync();
        try
        {
            await _running;
        }
        catch (OperationCanceledException)
        {
        }
    }

    public Task UntilAsync(Func<Task<bool>> condition, string what) => Until.TrueAsync(
        async () =>
        {
            if (_running.IsFaulted)
            {
                await _running;
            }
            return await condition();
        },
        () => Task.FromResult($"{what}; it is {Context.Activity}"));

    public async Task<long> CountAsync(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        return Convert.ToInt64(await command.ExecuteScalarAsync(), System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>A figure it reports; 0 while it does not.</summary>
    public double Figure(string name) => FigureOf(Context.Figures.Take(), name);

    /// <summary>The same of figures that a heartbeat carried.</summary>
    public static double FigureOf(string figures, string name)
    {
        using var all = JsonDocument.Parse(figures);
        return all.RootElement.TryGetProperty(name, out var figure) ? figure.GetDouble() : 0;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        Context.Lease.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}
