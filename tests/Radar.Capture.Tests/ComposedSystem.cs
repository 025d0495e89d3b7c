using System.Diagnostics;
using System.Globalization;
using Npgsql;
using Radar.Embedded.Exchange;
using Radar.Embedded.Exchange.Wallex;
using Radar.Market.ClickHouse;
using Radar.Testing;

namespace Radar.Capture.Tests;

/// <summary>
/// What <c>compose/compose.yaml</c> describes, without Docker: a real Kafka, ClickHouse's engine, PostgreSQL and the exchange, each behind a proxy of
/// its own, and the file's services scheduler, agent and start-fleet as processes with the commands and the environment that it gives them.
/// </summary>
internal sealed class ComposedSystem : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);
    private readonly PostgresFixture _postgres = new();
    private readonly RealKafkaFixture _kafka = new();
    private readonly List<Process> _processes = [];
    private readonly string _folder = Directory.CreateTempSubdirectory("radar-composed-").FullName;
    private int _schedulerPort;
    private ExchangeServer? _exchange;

    /// <summary>ClickHouse's engine, which can be killed.</summary>
    public ClickHouseFixture ClickHouse { get; } = new();

    /// <summary>Before PostgreSQL.</summary>
    public TcpProxy PostgresProxy { get; private set; } = null!;

    /// <summary>Before Kafka; its clients are sent here too.</summary>
    public TcpProxy KafkaProxy { get; private set; } = null!;

    /// <summary>Before ClickHouse.</summary>
    public TcpProxy ClickHouseProxy { get; private set; } = null!;

    /// <summary>The system's database, not through the proxy.</summary>
    public NpgsqlDataSource Database { get; private set; } = null!;

    /// <summary>What the exchange did.</summary>
    public Ledger Ledger { get; private set; } = null!;

    /// <summary>Kafka's address, by way of its proxy.</summary>
    public string BootstrapServers => _kafka.BootstrapServers;

    /// <summary>The list of gaps that could not be repaired.</summary>
    public string Gaps => Path.Combine(_folder, "logs", "gaps", "wallex-trades.jsonl");

    /// <summary>Starts everything and waits until the file's start-fleet has ended well.</summary>
    /// <param name="market">What the exchange is.</param>
    /// <param name="settings">Settings of the agent besides those of the file.</param>
    public async Task StartAsync(WallexSettings market, params (string Name, string Value)[] settings)
    {
        KafkaProxy = new TcpProxy("127.0.0.1", Port(_kafka.BootstrapServers));
        _kafka.AdvertisedPort = KafkaProxy.Port;
        var now = TimeProvider.System.GetUtcNow();
        var minute = now.ToUnixTimeMilliseconds() / 60_000 * 60_000;
        var starting = Task.WhenAll(_postgres.InitializeAsync(), _kafka.InitializeAsync(), ClickHouse.InitializeAsync());
        _exchange = await ExchangeServer.StartAsync(
            new ExchangeSettings { From = minute - 3_600_000, HistoryUntil = minute, Wallex = market with { Folder = Path.Combine(_folder, "exchange") } },
            TimeProvider.System, CancellationToken.None);
        Ledger = new Ledger(_exchange.Address);
        await starting;
        Database = await _postgres.CreateDatabaseAsync();
        var server = new NpgsqlConnectionStringBuilder(_postgres.Server);
        PostgresProxy = new TcpProxy(server.Host!, server.Port);
        ClickHouseProxy = new TcpProxy("127.0.0.1", ClickHouse.Options.Url.Port);

        _schedulerPort = FreePort.Next(); // Not earlier: until somebody listens there, it may be anybody's.
        Start("scheduler", SharedFolder.Program("Radar.Scheduler", "radar-scheduler"), []);
        await AwaitAsync(() => IsHealthyAsync("scheduler"), "the scheduler's health check");
        Start("agent", SharedFolder.Program("Radar.Workers", "radar-worker"), [("RADAR__WALLEX__BASEURL", _exchange.Address.ToString()), .. settings]);
        await AwaitAsync(() => IsHealthyAsync("agent"), "the agent's health check");
        var fleet = Start("start-fleet", SharedFolder.Program("Radar.Scheduler", "radar-scheduler"), []);
        await fleet.WaitForExitAsync(new CancellationTokenSource(Patience, TimeProvider.System).Token);
        Assert.True(fleet.ExitCode == 0, Logs());
    }

    /// <summary>One number from the database.</summary>
    public async Task<long> CountAsync(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        return Convert.ToInt64(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture);
    }

    /// <summary>kill -9 of a worker's newest process, if it lives: a number that somebody else has by now is left alone.</summary>
    /// <returns>Whether it lived, and no longer does.</returns>
    public async Task<bool> KillAsync(string worker)
    {
        await using var command = Database.CreateCommand("SELECT coalesce(pid, 0) FROM radar.workers WHERE worker_id = $1");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = worker });
        var pid = (int)(await command.ExecuteScalarAsync())!;
        bool Lives() => ProcessSignals.Names(pid, worker) && ProcessSignals.Names(pid, _folder);
        if (!Lives())
        {
            return false;
        }
        ProcessSignals.Kill(pid);
        await AwaitAsync(() => Task.FromResult(!Lives()), $"the end of {worker}");
        return true;
    }

    /// <summary>Waits for a condition; a failure shows the end of every log.</summary>
    public async Task AwaitAsync(Func<Task<bool>> condition, string what)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < Patience, $"Waited {Patience} for {what}.\n{Logs()}");
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }
    }

    private string Logs() => string.Join('\n', Directory.EnumerateFiles(_folder, "*.log", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
        .Select(path => $"--- {Path.GetFileName(path)}\n{string.Join('\n', File.ReadLines(path).TakeLast(25))}"));

    public async ValueTask DisposeAsync()
    {
        // The agent first: it stops its workers, and needs their database for it.
        foreach (var process in Enumerable.Reverse(_processes))
        {
            if (!process.HasExited)
            {
                ProcessSignals.Terminate(process.Id);
                using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60), TimeProvider.System);
                await process.WaitForExitAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                process.Kill();
            }
            process.Dispose();
        }
        foreach (var proxy in (TcpProxy?[])[PostgresProxy, KafkaProxy, ClickHouseProxy])
        {
            await (proxy?.DisposeAsync() ?? default);
        }
        Ledger?.Dispose();
        await (_exchange?.DisposeAsync() ?? default);
        await ClickHouse.DisposeAsync();
        await _kafka.DisposeAsync();
        await _postgres.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    // A service of the file, with its command; only names of hosts and folders differ.
    private Process Start(string service, string program, (string Name, string Value)[] settings)
    {
        var described = ComposeFile.Repository.Services[service];
        var start = new ProcessStartInfo("sh") { WorkingDirectory = _folder };
        foreach (var argument in (string[])
            ["-c", "exec \"$@\" >>\"$0\" 2>&1", Path.Combine(_folder, service + ".log"), "dotnet", program, .. described.Command.Skip(1)])
        {
            start.ArgumentList.Add(argument);
        }
        start.Environment.Remove("RADAR_LIFELINE");
        foreach (var (name, value) in ComposeImage.EnvironmentOf(described).Where(pair => pair.Value.Length > 0))
        {
            start.Environment[name] = Here(name, value);
        }
        foreach (var (name, value) in settings)
        {
            start.Environment[name] = value;
        }
        var process = Process.Start(start)!;
        _processes.Add(process);
        return process;
    }

    private string Here(string name, string value) => name switch
    {
        "DATABASE_URL" => Address(),
        "RADAR__EXCHANGE__BASEURL" => _exchange!.Address.ToString(),
        "RADAR__DATA__DIRECTORY" => Directory.CreateDirectory(Path.Combine(_folder, "data")).FullName,
        "RADAR__LOGS__DIRECTORY" => Path.Combine(_folder, "logs"),
        "RADAR__MODELS__DIRECTORY" => Path.Combine(SharedFolder.Repository, "models"),
        "CLICKHOUSE_HOST" => "127.0.0.1",
        "CLICKHOUSE_HTTP_PORT" => ClickHouseProxy.Port.ToString(CultureInfo.InvariantCulture),
        "CLICKHOUSE_USER" => ClickHouse.Options.User,
        "CLICKHOUSE_PASSWORD" => ClickHouse.Options.Password,
        _ => value.Replace("kafka:29092", $"127.0.0.1:{KafkaProxy.Port}", StringComparison.Ordinal)
            .Replace("http://0.0.0.0:8321", $"http://127.0.0.1:{_schedulerPort}", StringComparison.Ordinal)
            .Replace("http://scheduler:8321", $"http://127.0.0.1:{_schedulerPort}", StringComparison.Ordinal),
    };

    private string Address()
    {
        var here = new NpgsqlConnectionStringBuilder(Database.ConnectionString);
        return $"postgresql://{here.Username}:{Uri.EscapeDataString(here.Password!)}@127.0.0.1:{PostgresProxy.Port}/{here.Database}";
    }

    private static int Port(string address) => int.Parse(address[(address.LastIndexOf(':') + 1)..], CultureInfo.InvariantCulture);

    // The file's own health check.
    private async Task<bool> IsHealthyAsync(string service)
    {
        var start = new ProcessStartInfo("bash", [ComposeFile.Path("radar-health"), service, "127.0.0.1", _schedulerPort.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardError = true,
        };
        start.Environment["HOSTNAME"] = Environment.MachineName;
        using var check = Process.Start(start)!;
        await check.WaitForExitAsync();
        return check.ExitCode == 0;
    }
}
