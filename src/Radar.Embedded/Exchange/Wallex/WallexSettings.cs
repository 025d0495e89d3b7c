namespace Radar.Embedded.Exchange.Wallex;

/// <summary>What the exchange's Wallex side is to be.</summary>
public sealed record WallexSettings
{
    /// <summary>Seed of markets, trades, order books and disconnects. The default is 1.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Markets that it lists. The default is 100.</summary>
    public int Markets { get; init; } = 100;

    /// <summary>Trades a second, over all markets. The default is 50.</summary>
    public double TradesPerSecond { get; init; } = 50;

    /// <summary>Markets whose order books move: the first so many. The default is 100.</summary>
    public int DepthMarkets { get; init; } = 100;

    /// <summary>Changes a second of each side of each of these order books. The default is 1.</summary>
    public double DepthPerSecond { get; init; } = 1;

    /// <summary>Levels of a side. The default is 20; the real exchange sends 37 to 50.</summary>
    public int Levels { get; init; } = 20;

    /// <summary>A recording to replay instead: Wallex frames (.jsonl), or raw Binance streams (.gz), whose trades and books are put into Wallex' shape.</summary>
    public string? Replay { get; init; }

    /// <summary>Frames a second of a replay, for trades and for order books each. The default is 100.</summary>
    public double ReplayPerSecond { get; init; } = 100;

    /// <summary>Whether a replay begins again at its end.</summary>
    public bool ReplayAgain { get; init; }

    /// <summary>Trades of a market that REST still tells. The default is 100.</summary>
    public int Window { get; init; } = 100;

    /// <summary>Whether made-up frames write decimals as older servers do, filled up to 16 places.</summary>
    public bool Padded { get; init; } = true;

    /// <summary>Whether REST fills decimals up, or cuts their zeros off; null, the default: it writes what the frame said.</summary>
    public bool? RestPadded { get; init; }

    /// <summary>When it closes a connection. The default is 30 minutes, as the real one.</summary>
    public TimeSpan CutAfter { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>Drops each connection after about so long, half of them without a word; null: none.</summary>
    public TimeSpan? DropEvery { get; init; }

    /// <summary>How often it pings. The default is 20 seconds.</summary>
    public TimeSpan Ping { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Whether it also pings by <c>{"ping":"..."}</c> in the first protocol, takes 100 answers and closes then.</summary>
    public bool JsonPings { get; init; }

    /// <summary>Frames that a connection may be behind before it is dropped. The default is 10,000.</summary>
    public int QueuedFrames { get; init; } = 10_000;

    /// <summary>Folder of the ledger; null: it is kept nowhere.</summary>
    public string? Folder { get; init; }
}
