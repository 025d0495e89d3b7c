using System.Globalization;
using System.Net.Sockets;
using Confluent.Kafka;
using Radar.Embedded.ClickHouse;
using Radar.Embedded.Kafka;
using Radar.Embedded.Postgres;
using Radar.Market.Candles;

namespace Radar.Embedded.Launch;

/// <summary>The services of a system in the order in which they lean on one another.</summary>
internal sealed class ServicePlans(StateFolder state, UpPlan plan, Secrets secrets, SystemDatabase database)
{
    private const string ClickHouseUser = "radar";
    private const string FetchWaitVariable = "RADAR__KAFKA__FETCHWAIT";
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(5) };

    /// <summary>Base address of dashboard and API.</summary>
    public string Dashboard => Url("scheduler");

    /// <summary>The port a service listens on; null where it listens on none.</summary>
    public int? PortOf(string service) => secrets.Ports.TryGetValue(service, out var port) ? port : null;

    private static bool IsRealKafka => Environment.GetEnvironmentVariable(RealBroker.HomeVariable) is { Length: > 0 };

    private static string Self { get; } = Path.Combine(AppContext.BaseDirectory, "radar-embedded.dll");

    /// <summary>PostgreSQL.</summary>
    public ServicePlan Postgres => new(
        "postgres",
        ["dotnet", Self, "postgres", "--state", state.Path, "--port", Text(secrets.Ports["postgres"])],
        new Dictionary<string, string> { [PostgresCommand.PasswordVariable] = secrets.DatabasePassword },
        Host("postgres"),
        "PostgreSQL 18",
        async token => (await database.ReadAsync("SELECT 1", _ => 1, token)).Count == 1);

    /// <summary>The broker.</summary>
    public ServicePlan Kafka
    {
        get
        {
            return new ServicePlan(
                "kafka",
                ["dotnet", Self, "kafka", "--state", state.Path, "--port", Text(secrets.Ports["kafka"]), "--topic", "BTCUSDT:1",
                 .. plan.MarketCapture ? (string[])["--topic", "radar_trades:3", "--topic", "radar_depths:3", "--topic", "radar_dead_letters:1"] : []],
                new Dictionary<string, string>(),
                Host("kafka"),
                IsRealKafka ? "Apache Kafka" : $"librdkafka's mock broker: {MockBroker.Limits}",
                HasTopicAsync);
        }
    }

    /// <summary>The simulated exchange; null when the real one is used.</summary>
    public ServicePlan? Exchange => plan.Mode == "live" ? null : new ServicePlan(
        "exchange",
        ["dotnet", Self, "exchange", "--state", state.Path, "--port", Text(secrets.Ports["exchange"]),
         .. plan.Replay is { } folder ? (string[])["--replay", folder] : [],
         "--from", Text(plan.From!.Value), .. plan.To is { } to ? (string[])["--to", Text(to)] : [],
         "--history-until", Text(plan.HistoryUntil!.Value), "--speed", plan.Speed.ToString(),
         .. plan.MarketCapture ? (string[])["--wallex"] : [], .. plan.ExchangeOptions],
        new Dictionary<string, string>(),
        Url("exchange"),
        plan.Replay is null ? "simulated" : $"replays {plan.Replay}",
        async token => await GetAsync(Url("exchange") + "/radar/clock", token)); // Not ping: that costs the producer's request weight.

    /// <summary>ClickHouse; null unless trades and order books are captured.</summary>
    public ServicePlan? ClickHouse => !plan.MarketCapture ? null : new ServicePlan(
        "clickhouse",
        ["dotnet", Self, "clickhouse", "--state", state.Path, "--port", Text(secrets.Ports["clickhouse"]), "--user", ClickHouseUser],
        new Dictionary<string, string> { [ClickHouseCommand.PasswordVariable] = secrets.ClickHousePassword! },
        Url("clickhouse"),
        "ClickHouse's own engine",
        async token => await GetAsync(Url("clickhouse") + "/ping", token));

    /// <summary>Scheduler: engine, API, dashboard.</summary>
    public ServicePlan Scheduler => new(
        "scheduler",
        ["dotnet", RepositoryRoot.Program("Radar.Scheduler", "radar-scheduler"), "serve"],
        new Dictionary<string, string>(Settings())
        {
            ["RADAR__SCHEDULER__URLS"] = Dashboard,
            ["RADAR__AUTH__OPERATORPASSWORD"] = secrets.OperatorPassword,
            ["RADAR__AUTH__APITOKEN"] = secrets.ApiToken,
        },
        Dashboard,
        null,
        async token =>
        {
            using var api = new FleetApi(Dashboard, secrets.ApiToken);
            return await api.AnswersAsync(token)
                && (await database.ReadAsync("SELECT to_regclass('radar.workers') IS NOT NULL", row => row.GetBoolean(0), token)) is [true];
        },
        "postgres");

    /// <summary>The agent, whose workers end with it when it is told to stop.</summary>
    public ServicePlan Agent => new(
        "agent",
        ["dotnet", RepositoryRoot.Program("Radar.Workers", "radar-worker"), "agent", "--stop-workers"],
        Settings(),
        null,
        null,
        async token => (await database.ReadAsync("SELECT count(*) FROM radar.agents WHERE until > now()", row => row.GetInt64(0), token)) is [> 0],
        "postgres");

    private Dictionary<string, string> Settings()
    {
        var settings = new Dictionary<string, string>
        {
            ["RADAR__DATABASE"] = secrets.Database,
            ["RADAR__KAFKA__BOOTSTRAPSERVERS"] = Host("kafka"),
            ["RADAR__EXCHANGE__CLOCK"] = plan.Speed.ToString(),
            ["RADAR__DATA__DIRECTORY"] = state.Path,
            ["RADAR__LOGS__DIRECTORY"] = state.Logs,
            // Many small processes on few cores: start fast, stay small.
            ["DOTNET_TieredPGO"] = "0",
            ["DOTNET_gcServer"] = "0",
        };
        if (!IsRealKafka && Environment.GetEnvironmentVariable(FetchWaitVariable) is null)
        {
            settings[FetchWaitVariable] = "50"; // A new record does not wake the mock, so this is how late a candle may come.
        }
        if (Environment.GetEnvironmentVariable("RADAR__MODELS__DIRECTORY") is null)
        {
            settings["RADAR__MODELS__DIRECTORY"] = Path.Combine(RepositoryRoot.Path, "models");
        }
        if (plan.Mode != "live")
        {
            settings["RADAR__EXCHANGE__BASEURL"] = Url("exchange");
            settings["RADAR__WALLEX__BASEURL"] = Url("exchange"); // A made-up market never asks the real exchange.
        }
        if (plan.MarketCapture)
        {
            settings[UpPlan.MarketCaptureVariable] = "true";
            settings["RADAR__CLICKHOUSE__URL"] = Url("clickhouse");
            settings["RADAR__CLICKHOUSE__USER"] = ClickHouseUser;
            settings["RADAR__CLICKHOUSE__PASSWORD"] = secrets.ClickHousePassword!;
            if (!IsRealKafka)
            {
                settings["RADAR__SINKS__SESSIONTIMEOUT"] = "6"; // The mock lets a further sink of a group wait for so long, each time.
            }
        }
        if (plan.From is { } from)
        {
            settings["RADAR__EXCHANGE__FROM"] = CandleTime.Format(from);
        }
        if (plan.PageSize is { } size)
        {
            settings["RADAR__EXCHANGE__PAGESIZE"] = Text(size);
        }
        return settings;
    }

    private async Task<bool> HasTopicAsync(CancellationToken cancellationToken)
    {
        try
        {
            // librdkafka logs and retries for seconds where nobody listens: ask the port first.
            using (var socket = new TcpClient())
            {
                await socket.ConnectAsync("127.0.0.1", secrets.Ports["kafka"], cancellationToken);
            }
            using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = Host("kafka") }).SetLogHandler((_, _) => { }).Build();
            var metadata = await Task.Run(() => admin.GetMetadata(TimeSpan.FromSeconds(5)), cancellationToken);
            return metadata.Topics.Any(topic => topic.Topic == "BTCUSDT" && topic.Error.Code == ErrorCode.NoError);
        }
        catch (Exception ex) when (ex is SocketException or KafkaException)
        {
            return false;
        }
    }

    private static async Task<bool> GetAsync(string address, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await Http.GetAsync(new Uri(address), cancellationToken);
            return response.IsSuccessStatusCode;
        }
        catch (Exception ex) when (ex is HttpRequestException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private string Host(string service) => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{secrets.Ports[service]}");

    private string Url(string service) => "http://" + Host(service);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
