using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Radar.Embedded.Kafka;
using Radar.Jobs.Fleet;
using Radar.Jobs.Schema;
using Radar.Testing;

namespace Radar.Workers.Tests.Processes;

/// <summary>Real processes on a database of their own behind a proxy that can take it away, with a mock broker.</summary>
internal sealed partial class FleetSystem : IAsyncDisposable
{
    private readonly List<Process> _processes = [];
    private readonly Dictionary<string, string> _environment;
    private readonly TcpProxy _proxy;
    private readonly FleetListener _listener;

    private FleetSystem(NpgsqlDataSource database, TcpProxy proxy, MockBroker broker)
    {
        (Database, _proxy, Broker) = (database, proxy, broker);
        _listener = new FleetListener(database, TimeProvider.System, NullLogger<FleetListener>.Instance);
        Fleet = FleetRegistration.Create(database, _listener, TimeProvider.System);
        var connection = new NpgsqlConnectionStringBuilder(database.ConnectionString) { Host = "127.0.0.1", Port = proxy.Port };
        Connection = connection.ConnectionString;
        _environment = new Dictionary<string, string>
        {
            ["RADAR__DATABASE"] = Connection,
            ["RADAR__KAFKA__BOOTSTRAPSERVERS"] = broker.BootstrapServers,
            ["RADAR__KAFKA__FETCHWAIT"] = "20", // The mock answers no sooner.
            ["RADAR__MODELS__DIRECTORY"] = Path.Combine(SharedFolder.Repository, "models"),
            ["RADAR__DATA__DIRECTORY"] = Folder,
            ["RADAR__LOGS__DIRECTORY"] = Path.Combine(Folder, "logs"),
            ["RADAR__AGENT__NAME"] = "first",
            // Quick enough for tests; every ratio as in earnest.
            ["RADAR__LEASE__LASTS"] = "3",
            ["RADAR__LEASE__HEARTBEAT"] = "0.5",
            ["RADAR__AGENT__HUNGAFTER"] = "6",
            ["RADAR__AGENT__FIRSTDELAY"] = "0.2",
            ["RADAR__AGENT__TERMINATEAFTER"] = "5",
        };
    }

    public static WorkerId Consumer { get; } = new("BTCUSDT/lightgbm/v1");

    public string Folder { get; } = Directory.CreateTempSubdirectory("radar-workers-").FullName;

    public string Connection { get; }

    public NpgsqlDataSource Database { get; }

    public MockBroker Broker { get; }

    public IFleet Fleet { get; }

    public static async Task<FleetSystem> CreateAsync(PostgresFixture postgres)
    {
        var database = await postgres.CreateDatabaseAsync();
        var server = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        await new Migrator(database, NullLogger<Migrator>.Instance).MigrateAsync(CancellationToken.None);
        return new FleetSystem(database, new TcpProxy(server.Host!, server.Port), MockBroker.Start(0, new Dictionary<string, int> { ["BTCUSDT"] = 1, ["radar_trades"] = 3 }));
    }

    public FleetSystem With(string variable, string value)
    {
        _environment[variable] = value;
        return this;
    }

    /// <summary>Settings by configuration key.</summary>
    public FleetSystem With(IEnumerable<KeyValuePair<string, string?>> settings)
    {
        foreach (var (key, value) in settings)
        {
            With(key.Replace(":", "__", StringComparison.Ordinal).ToUpperInvariant(), value!);
        }
        return this;
    }

    public Task CutDatabaseAsync() => _proxy.CutAsync();

    public void RestoreDatabase() => _proxy.Restore();

    public Process StartAgent(string name = "first", params string[] arguments) =>
        Start("agent-" + name, ["agent", .. arguments], ("RADAR__AGENT__NAME", name));

    public Process Start(string log, string[] arguments, params (string Variable, string Value)[] more)
    {
        var start = new ProcessStartInfo("/bin/sh") { WorkingDirectory = Folder };
        foreach (var argument in (string[])["-c", "exec \"$@\" >>\"$0\" 2>&1", Path.Combine(Folder, log + ".log"), Path.Combine(AppContext.BaseDirectory, "radar-worker"), .. arguments])
        {
            start.ArgumentList.Add(argument);
        }
        foreach (var (variable, value) in _environment.Select(e => (e.Key, e.Value)).Concat(more))
        {
            start.Environment[variable] = value;
        }
        var process = Process.Start(start)!;
        _processes.Add(process);
        return process;
    }

    public Task StartWorkerAsync(WorkerId id, string kind = WorkerKinds.PredictionConsumer) =>
        Fleet.StartAsync(new WorkerSpec(id, kind, new Dictionary<string, string>()), "a test", CancellationToken.None);

    public Task AskAsync(WorkerId id, DesiredState desired) => Fleet.AskAsync(id, desired, "a test", CancellationToken.None);

    public Task<IReadOnlyList<WorkerSnapshot>> FleetAsync() => Fleet.ListAsync(CancellationToken.None);

    public async Task<WorkerSnapshot> UntilAsync(WorkerId id, Func<WorkerSnapshot, bool> condition, string what)
    {
        WorkerSnapshot? worker = null;
        await Until.TrueAsync(
            async () => (worker = await Fleet.FindAsync(id, CancellationToken.None)) is not null && condition(worker),
            async () => $"{what}; the worker is {worker}\n{await LogsAsync()}");
        return worker!;
    }

    public Task<WorkerSnapshot> UntilAsync(WorkerId id, WorkerState actual) => UntilAsync(id, w => w.Actual == actual, $"{id} {actual.Word()}");

    public async Task<long> CountAsync(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        return Convert.ToInt64(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture);
    }

    /// <summary>Asks without a pause, for moments that are short.</summary>
    public async Task CountUntilAsync(string sql, Func<long, bool> condition)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1), TimeProvider.System);
        while (!condition(await CountAsync(sql)))
        {
            Assert.False(deadline.IsCancellationRequested, $"In vain: {sql}\n{await LogsAsync()}");
        }
    }

    /// <summary>kill -9 of a worker's process, if it still is that one: a number that was read a while ago may be anybody's.</summary>
    public void Kill(WorkerSnapshot worker)
    {
        if (ProcessSignals.Names(worker.Pid!.Value, Folder))
        {
            ProcessSignals.Kill(worker.Pid.Value);
        }
    }

    public static void Signal(int pid, int signal) => Assert.Equal(0, NativeKill(pid, signal));

    public async Task<string> LogsAsync()
    {
        var text = new StringWriter();
        foreach (var file in Directory.EnumerateFiles(Folder, "*.log", SearchOption.AllDirectories))
        {
            await text.WriteLineAsync($"== {Path.GetFileName(file)}\n{await File.ReadAllTextAsync(file)}");
        }
        return text.ToString();
    }

    /// <summary>The log of a worker that an agent started; empty while it has none.</summary>
    public string LogOf(WorkerId id) => Path.Combine(Folder, "logs", "workers", id.FileName + ".log") is var file && File.Exists(file) ? File.ReadAllText(file) : "";

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes.Where(p => !p.HasExited))
        {
            process.Kill();
        }
        foreach (var worker in ProcessTable.Find(FleetKey.Of(Connection)))
        {
            _ = NativeKill(worker.Identity.Pid, 9);
        }
        foreach (var process in _processes)
        {
            await process.WaitForExitAsync();
            process.Dispose();
        }
        await _listener.DisposeAsync();
        await Broker.DisposeAsync();
        await _proxy.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int NativeKill(int pid, int signal);
}
