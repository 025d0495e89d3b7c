using Radar.Market.Binance;
using Radar.Market.Candles;

namespace Radar.Embedded.Launch;

/// <summary>What <c>up</c> was asked for, checked and completed.</summary>
internal sealed record UpPlan
{
    /// <summary>The setting Radar:Capture:Enabled as an environment variable.</summary>
    public const string MarketCaptureVariable = "RADAR__CAPTURE__ENABLED";

    private static readonly TimeSpan SimulatedHistory = TimeSpan.FromDays(3);
    private static readonly TimeSpan LivePart = TimeSpan.FromDays(1);

    /// <summary>simulate, replay or live.</summary>
    public required string Mode { get; init; }

    /// <summary>The folder to replay.</summary>
    public string? Replay { get; init; }

    /// <summary>First open time, milliseconds UTC; null: the worker's default.</summary>
    public long? From { get; init; }

    /// <summary>Where the exchange's clock stops; null: never.</summary>
    public long? To { get; init; }

    /// <summary>Where the exchange's clock starts.</summary>
    public long? HistoryUntil { get; init; }

    /// <summary>Speed of the exchange's clock.</summary>
    public required ExchangeClock Speed { get; init; }

    /// <summary>Candles in a call; null: the worker's default.</summary>
    public int? PageSize { get; init; }

    /// <summary>Dashboard's port; null: the usual one, or a free one.</summary>
    public int? Port { get; init; }

    /// <summary>Further options of the simulated exchange.</summary>
    public IReadOnlyList<string> ExchangeOptions { get; init; } = [];

    /// <summary>Whether trades and order books are captured, which ClickHouse is needed for.</summary>
    public bool MarketCapture { get; init; }

    /// <summary>What <see cref="MarketCaptureVariable"/> says.</summary>
    /// <exception cref="EmbeddedException">Neither true nor false.</exception>
    public static bool MarketCaptureIsSet() => Environment.GetEnvironmentVariable(MarketCaptureVariable) switch
    {
        null or "" => false,
        { } text when bool.TryParse(text, out var enabled) => enabled,
        { } text => throw new EmbeddedException($"{MarketCaptureVariable} is '{text}': set it to true or false."),
    };

    /// <summary>Checks what was typed.</summary>
    /// <param name="typed">The options.</param>
    /// <param name="previous">What ran in the state folder before: a made-up market goes on where it began, so that no gap opens.</param>
    /// <param name="time">Clock.</param>
    /// <exception cref="EmbeddedException">Names the option, its value and the fix.</exception>
    public static UpPlan Make(UpArguments typed, SystemState? previous, TimeProvider time)
    {
        return Check(typed, previous, time) with { MarketCapture = typed.MarketCapture };
    }

    private static UpPlan Check(UpArguments typed, SystemState? previous, TimeProvider time)
    {
        var modes = new[] { typed.Simulate, typed.Replay is not null, typed.Live }.Count(chosen => chosen);
        if (modes > 1)
        {
            throw new EmbeddedException("--simulate, --replay and --live exclude one another: give one.");
        }
        var speed = ExchangeClock.TryParse(typed.Speed ?? "1")
            ?? throw new EmbeddedException($"--speed {typed.Speed} is neither a number above 0 nor max.");
        long? from = Time("--from", typed.From), to = Time("--to", typed.To), until = Time("--history-until", typed.HistoryUntil);
        if (from >= to)
        {
            throw new EmbeddedException($"--from {typed.From} is not before --to {typed.To}.");
        }
        if (until < from || until > to)
        {
            throw new EmbeddedException($"--history-until {typed.HistoryUntil} is not between --from {typed.From} and --to {typed.To}.");
        }
        if (typed.PageSize is < 1 or > 1000)
        {
            throw new EmbeddedException($"--page-size {typed.PageSize} is not between 1 and 1000.");
        }
        if (typed.Live)
        {
            return typed.To is null && typed.Speed is null && typed.HistoryUntil is null
                ? new UpPlan { Mode = "live", From = from, Speed = ExchangeClock.Real, PageSize = typed.PageSize, Port = typed.Port }
                : throw new EmbeddedException("--to, --history-until and --speed belong to a simulated exchange: leave them out with --live.");
        }

        var plan = typed.Replay is { } folder ? Replayed(folder, from, to) : Simulated(from ?? (previous?.Mode == "simulate" ? previous.From : null), to, until, time);
        var (first, last) = (plan.From!.Value, plan.To);
        if (first >= last)
        {
            throw new EmbeddedException(
                $"--to {typed.To} is not after the market's first candle ({CandleTime.Format(first)}): give a later --to, or begin anew with ./radar down --erase.");
        }
        return plan with
        {
            Speed = speed,
            HistoryUntil = until ?? plan.HistoryUntil ?? Math.Max(first, (last ?? first) - (long)LivePart.TotalMilliseconds),
            PageSize = typed.PageSize,
            Port = typed.Port,
            ExchangeOptions = Further(typed.ExchangeOptions),
        };
    }

    private static string[] Further(string? typed)
    {
        var options = typed?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
        try
        {
            Exchange.ExchangeCommand.Check(options);
            return options;
        }
        catch (EmbeddedException wrong)
        {
            throw new EmbeddedException($"--exchange-options \"{typed}\": {wrong.Message}", wrong);
        }
    }

    private static UpPlan Replayed(string folder, long? from, long? to)
    {
        // Read here, so that an unreadable dump is told before anything is started.
        var candles = Exchange.ReplayedCandles.Read(folder, "BTCUSDT", from ?? long.MinValue, to ?? long.MaxValue);
        return new UpPlan
        {
            Mode = "replay",
            Replay = Path.GetFullPath(folder),
            From = from ?? candles.First,
            To = to ?? candles.Last + CandleTime.Minute,
            Speed = ExchangeClock.Real,
        };
    }

    private static UpPlan Simulated(long? from, long? to, long? until, TimeProvider time)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds() / CandleTime.Minute * CandleTime.Minute;
        var first = from ?? (to ?? until ?? now) - (long)SimulatedHistory.TotalMilliseconds;
        return new UpPlan
        {
            Mode = "simulate",
            From = first,
            To = to,
            HistoryUntil = to is null ? Math.Max(first, now) : null,
            Speed = ExchangeClock.Real,
        };
    }

    private static long? Time(string option, string? text) => text is null ? null : Exchange.ExchangeCommand.Time(option, text);
}

/// <summary>The options of <c>up</c> as typed.</summary>
internal sealed record UpArguments
{
    public bool Simulate { get; init; }

    public string? Replay { get; init; }

    public bool Live { get; init; }

    public string? From { get; init; }

    public string? To { get; init; }

    public string? HistoryUntil { get; init; }

    public string? Speed { get; init; }

    public int? PageSize { get; init; }

    public int? Port { get; init; }

    public string? ExchangeOptions { get; init; }

    public bool MarketCapture { get; init; }
}
