namespace Radar.Embedded.Exchange;

/// <summary>What the simulated exchange is to be. Times are milliseconds UTC.</summary>
public sealed record ExchangeSettings
{
    /// <summary>Loopback port; 0: any free one.</summary>
    public int Port { get; init; }

    /// <summary>Symbols it lists.</summary>
    public IReadOnlyList<string> Symbols { get; init; } = ["BTCUSDT"];

    /// <summary>Folder of Binance dumps to replay; null: candles are simulated.</summary>
    public string? ReplayFolder { get; init; }

    /// <summary>Seed of simulated candles and of faults.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>First open time it knows.</summary>
    public required long From { get; init; }

    /// <summary>Where its clock stops and its candles end; null: never.</summary>
    public long? To { get; init; }

    /// <summary>Where its clock starts: candles before are there at once.</summary>
    public required long HistoryUntil { get; init; }

    /// <summary>Its seconds in one of ours; infinite: it steps when the newest candle was fetched.</summary>
    public double Speed { get; init; } = 1;

    /// <summary>Request weight allowed in a window.</summary>
    public int WeightLimit { get; init; } = 6_000;

    /// <summary>Length of that window in whole seconds.</summary>
    public int WeightWindowSeconds { get; init; } = 60;

    /// <summary>Where the clock's position is kept; null: nowhere.</summary>
    public string? Folder { get; init; }

    /// <summary>How many of each fault to serve: 429, 418, 500, cut, timeout.</summary>
    public IReadOnlyDictionary<string, int> Faults { get; init; } = new Dictionary<string, int>();

    /// <summary>Over how many klines calls the faults are spread.</summary>
    public int FaultSpan { get; init; } = 800;

    /// <summary>Retry-After of injected 429 and 418 answers, in seconds.</summary>
    public int RetryAfterSeconds { get; init; } = 1;

    /// <summary>Its Wallex side; null: it has none.</summary>
    public Wallex.WallexSettings? Wallex { get; init; }
}
