namespace Radar.Jobs.Fleet;

/// <summary>A worker's name: such as <c>BTCUSDT/lightgbm/v1</c>, <c>ALL/producer/main</c>, <c>wallex-trades</c> or <c>trades-sink/2</c>.</summary>
public readonly record struct WorkerId(string Value)
{
    /// <summary>The candle producer.</summary>
    public static WorkerId Producer { get; } = new("ALL/producer/main");

    /// <summary>The producer of Wallex trades.</summary>
    public static WorkerId WallexTrades { get; } = new("wallex-trades");

    /// <summary>The producer of Wallex order books.</summary>
    public static WorkerId WallexDepth { get; } = new("wallex-depth");

    /// <summary>The prediction consumer of one model version.</summary>
    public static WorkerId Consumer(string crypto, string model, string version) => new($"{crypto}/{model}/{version}");

    /// <summary>A sink: which of those of its kind, counted from 1.</summary>
    public static WorkerId Sink(string kind, int number) => new($"{kind}/{number}");

    /// <summary>The id with its slashes as underscores, as in file names: <c>BTCUSDT_lightgbm_v1</c>.</summary>
    public string FileName => Value.Replace('/', '_');

    /// <inheritdoc/>
    public override string ToString() => Value;
}

/// <summary>The kinds of worker, which are also the verbs of <c>radar-worker</c>.</summary>
public static class WorkerKinds
{
    /// <summary>Binance candles to PostgreSQL, CSV and Kafka.</summary>
    public const string CandleProducer = "candle-producer";

    /// <summary>Kafka candles to predictions of one model version.</summary>
    public const string PredictionConsumer = "prediction-consumer";

    /// <summary>Wallex trades to Kafka.</summary>
    public const string WallexTrades = "wallex-trades";

    /// <summary>Wallex order books to Kafka.</summary>
    public const string WallexDepth = "wallex-depth";

    /// <summary>Kafka trades to ClickHouse.</summary>
    public const string TradesSink = "trades-sink";

    /// <summary>Kafka order books to ClickHouse.</summary>
    public const string DepthSink = "depth-sink";

    /// <summary>Whether workers of a kind bring data in, which others only pass on.</summary>
    public static bool Produces(string kind) => kind is CandleProducer or WallexTrades or WallexDepth;
}

/// <summary>What an operator or workflow asks of a worker.</summary>
public enum DesiredState
{
    /// <summary>Run.</summary>
    Start,

    /// <summary>Stay, but do nothing.</summary>
    Pause,

    /// <summary>Finish, report <c>deleted</c> and end.</summary>
    Delete,
}

/// <summary>What is true of a worker.</summary>
public enum WorkerState
{
    /// <summary>Registered; no process yet.</summary>
    Wait,

    /// <summary>A process was launched; it is connecting, or filling what is missing.</summary>
    Starting,

    /// <summary>At work.</summary>
    Running,

    /// <summary>Alive and idle because it was asked to be.</summary>
    Paused,

    /// <summary>Flushing and committing before its end.</summary>
    Stopping,

    /// <summary>Ended because it was asked to. Terminal for its epoch.</summary>
    Deleted,

    /// <summary>Its process ended by itself; the agent waits before it starts the next.</summary>
    Backoff,

    /// <summary>Restarted too often in a row; left for an operator.</summary>
    Failed,
}

/// <summary>What is asked for: which worker, of which kind.</summary>
/// <param name="Id">The worker.</param>
/// <param name="Kind">One of <see cref="WorkerKinds"/>.</param>
/// <param name="Settings">Further settings as configuration keys and values, e.g. <c>Radar:Models:Path</c>; no secrets.</param>
public sealed record WorkerSpec(WorkerId Id, string Kind, IReadOnlyDictionary<string, string> Settings);

/// <summary>What is true of a worker right now.</summary>
public sealed record WorkerSnapshot
{
    /// <summary>The worker.</summary>
    public required WorkerId Id { get; init; }

    /// <summary>One of <see cref="WorkerKinds"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>What is asked.</summary>
    public required DesiredState Desired { get; init; }

    /// <summary>Who asked last.</summary>
    public required string DesiredBy { get; init; }

    /// <summary>When it was asked last.</summary>
    public required DateTimeOffset DesiredAt { get; init; }

    /// <summary>What is true.</summary>
    public required WorkerState Actual { get; init; }

    /// <summary>Since when it is true.</summary>
    public required DateTimeOffset ActualAt { get; init; }

    /// <summary>The agent that owns it, if any.</summary>
    public string? Agent { get; init; }

    /// <summary>Process id on the agent's host, if it runs.</summary>
    public int? Pid { get; init; }

    /// <summary>Field 22 of /proc/PID/stat: with the pid and the boot id it names the process.</summary>
    public long? ProcessStart { get; init; }

    /// <summary>Machine of the process: boot id and pid namespace, as in <see cref="ProcessIdentity"/>.</summary>
    public string? Machine { get; init; }

    /// <summary>The process, when all of it is known.</summary>
    public ProcessIdentity? Process =>
        Machine is { } machine && Pid is { } pid && ProcessStart is { } start ? new ProcessIdentity(machine, pid, start) : null;

    /// <summary>It said its last word, and its process has ended: what hangs after it still holds a partition, or a connection to the exchange.</summary>
    public bool IsGone => Actual == WorkerState.Deleted && (Pid is null || Process is { IsKnownDead: true });

    /// <summary>Epoch of the newest process.</summary>
    public required long Epoch { get; init; }

    /// <summary>Last heartbeat.</summary>
    public DateTimeOffset? HeartbeatAt { get; init; }

    /// <summary>Restarts in a row.</summary>
    public required int Restarts { get; init; }

    /// <summary>What it is doing, in a phrase: <c>waiting for PostgreSQL</c>, <c>reconciling 1,200 of 8,640</c>.</summary>
    public string? Activity { get; init; }

    /// <summary>Why it last ended or cannot go on.</summary>
    public string? Error { get; init; }

    /// <summary>Figures of the last heartbeat as JSON: lag, rates, CPU, memory.</summary>
    public required string Figures { get; init; }

    /// <summary>When the next process may start, in <c>backoff</c>.</summary>
    public DateTimeOffset? NextStartAt { get; init; }

    /// <summary>Further settings as configuration keys and values.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();
}
