namespace Radar.Embedded.Launch;

/// <summary>What <c>system.json</c> tells everybody of a running system.</summary>
internal sealed record SystemState
{
    /// <summary>Layout of state folders that this launcher makes; a folder of a higher one belongs to a newer Radar.</summary>
    public const int CurrentLayout = 1;

    /// <summary>Layout of the state folder.</summary>
    public int Layout { get; init; } = CurrentLayout;

    /// <summary>How far the launcher is.</summary>
    public required SystemPhase Phase { get; init; }

    /// <summary>Why it failed.</summary>
    public string? Reason { get; init; }

    /// <summary>The launcher's process, as Radar.Market.Processes.ProcessIdentity writes it.</summary>
    public required string Launcher { get; init; }

    /// <summary>simulate, replay or live.</summary>
    public required string Mode { get; init; }

    /// <summary>The folder that is replayed.</summary>
    public string? Replay { get; init; }

    /// <summary>First open time, milliseconds UTC.</summary>
    public long? From { get; init; }

    /// <summary>Where the exchange's clock stops, milliseconds UTC; null: never.</summary>
    public long? To { get; init; }

    /// <summary>Where the exchange's clock started, milliseconds UTC.</summary>
    public long? HistoryUntil { get; init; }

    /// <summary>Speed of the exchange's clock: a number or max.</summary>
    public required string Speed { get; init; }

    /// <summary>Run of start-fleet that the launcher asked for.</summary>
    public long? StartRun { get; init; }

    /// <summary>The services in the order they were started.</summary>
    public required IReadOnlyList<ServiceState> Services { get; init; }
}

/// <summary>How far a launcher is.</summary>
internal enum SystemPhase
{
    /// <summary>Services come up.</summary>
    Starting,

    /// <summary>Everything answers and start-fleet was asked for.</summary>
    Up,

    /// <summary>It could not come up; see the reason.</summary>
    Failed,

    /// <summary>It goes down.</summary>
    Stopping,

    /// <summary>It is down.</summary>
    Down,
}

/// <summary>A service of the system.</summary>
/// <param name="Name">postgres, kafka, exchange, clickhouse, scheduler or agent.</param>
/// <param name="State">starting, running, backoff or stopped.</param>
/// <param name="Pid">Process id; 0 when it has none.</param>
/// <param name="Process">The process for good, see Radar.Market.Processes.ProcessIdentity.</param>
/// <param name="Address">Where it answers; null where it listens to nobody.</param>
/// <param name="Detail">What kind it is, e.g. which broker.</param>
/// <param name="Log">Its log file.</param>
/// <param name="Restarts">How often it was started again.</param>
internal sealed record ServiceState(
    string Name, string State, int Pid, string? Process, string? Address, string? Detail, string Log, int Restarts);

/// <summary>What only the owner of the state folder may know.</summary>
/// <param name="Database">Connection string of PostgreSQL.</param>
/// <param name="DatabasePassword">Password of its user radar.</param>
/// <param name="OperatorPassword">First password of the dashboard's user operator.</param>
/// <param name="ApiToken">Token of the command line.</param>
/// <param name="Ports">Ports chosen once, by service.</param>
internal sealed record Secrets(
    string Database, string DatabasePassword, string OperatorPassword, string ApiToken, IReadOnlyDictionary<string, int> Ports)
{
    /// <summary>Password of ClickHouse's user radar; null until market capture was first on.</summary>
    public string? ClickHousePassword { get; init; }

    /// <summary>Whether a person was told the operator's password.</summary>
    public bool WasShown { get; init; }
}
