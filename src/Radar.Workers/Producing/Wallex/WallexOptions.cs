using Radar.Workers.Hosting;

namespace Radar.Workers.Producing.Wallex;

/// <summary>What a Wallex producer captures.</summary>
internal enum WallexStream
{
    /// <summary>Every trade.</summary>
    Trades,

    /// <summary>Order books: the newest frame of each side of each market, once an interval.</summary>
    Depth,
}

/// <summary>Settings of the Wallex producers (Radar:Wallex).</summary>
internal sealed record WallexOptions
{
    /// <summary>REST (Radar:Wallex:BaseUrl). The default is https://api.wallex.ir.</summary>
    public Uri BaseUrl { get; init; } = new("https://api.wallex.ir");

    /// <summary>Host of the sockets (Radar:Wallex:SocketUrl). The default is that of REST, with wss or ws.</summary>
    public required Uri SocketUrl { get; init; }

    /// <summary>Whether to speak the second protocol (Radar:Wallex:Protocol, v1 or v2). The default is v1.</summary>
    public bool SecondProtocol { get; init; }

    /// <summary>Brokers (Radar:Kafka:BootstrapServers, KAFKA_BROKER or KAFKA_HOST). The default is localhost:9092.</summary>
    public required string BootstrapServers { get; init; }

    /// <summary>The topic (Radar:Topics:Trades, Radar:Topics:Depths). The default is radar_trades or radar_depths.</summary>
    public required string Topic { get; init; }

    /// <summary>Partitions of a topic that has to be made (Radar:Topics:Partitions, KAFKA_NUM_PARTITIONS). The default is 3.</summary>
    public int Partitions { get; init; } = 3;

    /// <summary>Markets of one connection (Radar:Wallex:ChunkSize). The default is 40.</summary>
    public int ChunkSize { get; init; } = 40;

    /// <summary>How often a changed side of an order book is published (Radar:Wallex:Throttle, seconds; 0 means 7 too). The default is 7 seconds.</summary>
    public TimeSpan Throttle { get; init; } = TimeSpan.FromSeconds(7);

    /// <summary>How often markets are asked for again (Radar:Wallex:RefreshEvery, seconds). The default is 10 minutes.</summary>
    public TimeSpan RefreshEvery { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The least time between two dials (Radar:Wallex:DialEvery, seconds). The default is 0.25 seconds.</summary>
    public TimeSpan DialEvery { get; init; } = TimeSpan.FromSeconds(0.25);

    /// <summary>Time between two subscriptions of a connection (Radar:Wallex:SubscribeEvery, seconds). The default is 0: back to back.</summary>
    public TimeSpan SubscribeEvery { get; init; }

    /// <summary>How long a dial may take. It is 4 seconds.</summary>
    public TimeSpan DialTimeout { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>When subscriptions that nobody acknowledges count as made (Radar:Wallex:SettleAfter, seconds). The default is 2 seconds.</summary>
    public TimeSpan SettleAfter { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>When a connection is replaced, before the exchange ends it (Radar:Wallex:RotateAfter, seconds). The default is 25 minutes.</summary>
    public TimeSpan RotateAfter { get; init; } = TimeSpan.FromMinutes(25);

    /// <summary>How long the old connection goes on beside the new one once that is settled (Radar:Wallex:Overlap, seconds; at least 2). The default is 10 seconds.</summary>
    public TimeSpan Overlap { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A connection without data for so long is replaced (Radar:Wallex:StaleAfter, seconds). The default is 300 seconds for trades, 60 for depth.</summary>
    public TimeSpan StaleAfter { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>How often each market is held against REST (Radar:Wallex:AuditEvery, seconds; 0: never). The default is 10 minutes.</summary>
    public TimeSpan AuditEvery { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>REST calls a second (Radar:Wallex:RestPerSecond). The default is 20.</summary>
    public double RestPerSecond { get; init; } = 20;

    /// <summary>How often we make ourselves heard, as the original did, and after what silence the host at the other side is asked. It is 30 seconds.</summary>
    public TimeSpan PingEvery { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long its answer, or the second protocol's ping, may take beyond its time. It is 10 seconds.</summary>
    public TimeSpan PongWithin { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The first delay before a dial that follows a failed one (Radar:Wallex:FirstDelay, seconds); each further one is twice as long. The default is 0.5 seconds.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>The longest such delay. It is 30 seconds.</summary>
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Undelivered frames before sockets are read no further (Radar:Wallex:MaxUndelivered). The default is 20,000.</summary>
    public int MaxUndelivered { get; init; } = 20_000;

    /// <summary>How long the end of the process waits for frames to be delivered (Radar:Wallex:FlushWithin, seconds). The default is 5 seconds.</summary>
    public TimeSpan FlushWithin { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Folder of logs, where gaps are listed (Radar:Logs:Directory). The default is <c>logs</c>.</summary>
    public string LogsDirectory { get; init; } = "logs";

    public static WallexOptions Read(WallexStream flow, SettingsReader settings)
    {
        var rest = Address(settings, "Radar:Wallex:BaseUrl", "https://api.wallex.ir", "http", "https");
        var sockets = new UriBuilder(rest) { Scheme = rest.Scheme == "https" ? "wss" : "ws", Port = rest.IsDefaultPort ? -1 : rest.Port }.Uri;
        var trades = flow == WallexStream.Trades;
        var throttle = settings.Seconds("Radar:Wallex:Throttle", 7, 0, 3600);
        return new WallexOptions
        {
            BaseUrl = rest,
            SocketUrl = settings.Text("Radar:Wallex:SocketUrl") is null ? sockets : Address(settings, "Radar:Wallex:SocketUrl", "wss://api.wallex.ir", "ws", "wss"),
            SecondProtocol = settings.Read("Radar:Wallex:Protocol", false, text => text switch { "v1" => false, "v2" => true, _ => throw new FormatException() }, "use v1 or v2"),
            BootstrapServers = settings.Text("Radar:Kafka:BootstrapServers") ?? settings.Text("KAFKA_BROKER") ?? settings.Text("KAFKA_HOST") ?? "localhost:9092",
            Topic = trades ? settings.Text("Radar:Topics:Trades") ?? "radar_trades" : settings.Text("Radar:Topics:Depths") ?? "radar_depths",
            Partitions = settings.Number(settings.Text("Radar:Topics:Partitions") is null ? "KAFKA_NUM_PARTITIONS" : "Radar:Topics:Partitions", 3, 1, 10_000),
            ChunkSize = settings.Number("Radar:Wallex:ChunkSize", 40, 1, 1_000),
            Throttle = throttle > TimeSpan.Zero ? throttle : TimeSpan.FromSeconds(7),
            RefreshEvery = settings.Seconds("Radar:Wallex:RefreshEvery", 600, 0.1, 86_400),
            DialEvery = settings.Seconds("Radar:Wallex:DialEvery", 0.25, 0, 60),
            SubscribeEvery = settings.Seconds("Radar:Wallex:SubscribeEvery", 0, 0, 60),
            SettleAfter = settings.Seconds("Radar:Wallex:SettleAfter", 2, 0, 60),
            RotateAfter = settings.Seconds("Radar:Wallex:RotateAfter", 1_500, 1, 86_400),
            Overlap = settings.Seconds("Radar:Wallex:Overlap", 10, 0, 600),
            StaleAfter = settings.Seconds("Radar:Wallex:StaleAfter", trades ? 300 : 60, 0.5, 86_400),
            AuditEvery = settings.Seconds("Radar:Wallex:AuditEvery", 600, 0, 86_400),
            RestPerSecond = settings.Number("Radar:Wallex:RestPerSecond", 20, 1, 10_000),
            FirstDelay = settings.Seconds("Radar:Wallex:FirstDelay", 0.5, 0, 60),
            MaxUndelivered = settings.Number("Radar:Wallex:MaxUndelivered", 20_000, 1, 90_000),
            FlushWithin = settings.Seconds("Radar:Wallex:FlushWithin", 5, 0, 600),
            LogsDirectory = settings.Text("Radar:Logs:Directory") ?? "logs",
        };
    }

    private static Uri Address(SettingsReader settings, string key, string otherwise, params string[] schemes) => settings.Read(
        key,
        new Uri(otherwise),
        text => Uri.TryCreate(text, UriKind.Absolute, out var address) && schemes.Contains(address.Scheme) ? address : throw new FormatException(),
        $"use an address such as {otherwise}");
}
