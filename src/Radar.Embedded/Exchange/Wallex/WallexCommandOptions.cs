using System.CommandLine;

namespace Radar.Embedded.Exchange.Wallex;

/// <summary>The options of <c>radar-embedded exchange</c> that concern its Wallex side.</summary>
internal static class WallexCommandOptions
{
    private static readonly WallexSettings Defaults = new();
    private static readonly Option<bool> On = new("--wallex") { Description = "Speak Wallex too: markets, trades and depth over REST, both sockets, a ledger" };
    private static readonly Option<int> Markets = new("--wallex-markets") { DefaultValueFactory = _ => Defaults.Markets, Description = "Markets listed" };
    private static readonly Option<double> Trades = new("--wallex-trades") { DefaultValueFactory = _ => Defaults.TradesPerSecond, Description = "Trades a second, over all markets" };
    private static readonly Option<int> DepthMarkets = new("--wallex-depth-markets") { DefaultValueFactory = _ => Defaults.DepthMarkets, Description = "Markets whose order books move" };
    private static readonly Option<double> Depth = new("--wallex-depth") { DefaultValueFactory = _ => Defaults.DepthPerSecond, Description = "Changes a second of each side of each" };
    private static readonly Option<int> Levels = new("--wallex-levels") { DefaultValueFactory = _ => Defaults.Levels, Description = "Levels of a side" };
    private static readonly Option<string?> Replay = new("--wallex-replay") { Description = "A recording instead: Wallex frames (.jsonl) or raw Binance streams (.gz)" };
    private static readonly Option<double> ReplayRate = new("--wallex-replay-rate") { DefaultValueFactory = _ => Defaults.ReplayPerSecond, Description = "Its frames a second, trades and order books each" };
    private static readonly Option<bool> ReplayAgain = new("--wallex-replay-again") { Description = "Begin the recording again at its end" };
    private static readonly Option<int> Window = new("--wallex-window") { DefaultValueFactory = _ => Defaults.Window, Description = "Trades of a market that REST still tells" };
    private static readonly Option<string?> RestDecimals = new("--wallex-rest-decimals") { Description = "How REST writes decimals: padded or short; without it as the frame had them" };
    private static readonly Option<bool> Short = new("--wallex-short-decimals") { Description = "Frames write decimals as newer servers do, without zeros at the end" };
    private static readonly Option<double> CutAfter = new("--wallex-cut-after") { DefaultValueFactory = _ => Defaults.CutAfter.TotalSeconds, Description = "Seconds after which a connection is closed" };
    private static readonly Option<double?> DropEvery = new("--wallex-drop-every") { Description = "Drop each connection after about so many seconds" };
    private static readonly Option<double> Ping = new("--wallex-ping") { DefaultValueFactory = _ => Defaults.Ping.TotalSeconds, Description = "Seconds between pings" };
    private static readonly Option<bool> JsonPings = new("--wallex-json-pings") { Description = "Ping the first protocol's clients by a message as well" };

    /// <summary>Adds them to the command.</summary>
    public static void AddTo(Command command)
    {
        foreach (var option in (Option[])
            [On, Markets, Trades, DepthMarkets, Depth, Levels, Replay, ReplayRate, ReplayAgain, Window, RestDecimals, Short, CutAfter, DropEvery, Ping, JsonPings])
        {
            command.Options.Add(option);
        }
    }

    /// <summary>What was typed; null: no Wallex side.</summary>
    /// <exception cref="EmbeddedException">Names the option, its value and the fix.</exception>
    public static WallexSettings? Read(ParseResult parse, int seed, string folder) => !parse.GetValue(On) ? null : new WallexSettings
    {
        Seed = seed,
        Markets = (int)AtLeast(Markets.Name, parse.GetRequiredValue(Markets), 1),
        TradesPerSecond = AtLeast(Trades.Name, parse.GetRequiredValue(Trades), 0),
        DepthMarkets = (int)AtLeast(DepthMarkets.Name, parse.GetRequiredValue(DepthMarkets), 0),
        DepthPerSecond = AtLeast(Depth.Name, parse.GetRequiredValue(Depth), 0),
        Levels = (int)AtLeast(Levels.Name, parse.GetRequiredValue(Levels), 1),
        Replay = parse.GetValue(Replay),
        ReplayPerSecond = AtLeast(ReplayRate.Name, parse.GetRequiredValue(ReplayRate), 0),
        ReplayAgain = parse.GetValue(ReplayAgain),
        Window = (int)AtLeast(Window.Name, parse.GetRequiredValue(Window), 1),
        Padded = !parse.GetValue(Short),
        RestPadded = parse.GetValue(RestDecimals) switch
        {
            null => null,
            "padded" => true,
            "short" => false,
            { } other => throw new EmbeddedException($"{RestDecimals.Name} {other} is neither padded nor short."),
        },
        CutAfter = TimeSpan.FromSeconds(AtLeast(CutAfter.Name, parse.GetRequiredValue(CutAfter), 0.1)),
        DropEvery = parse.GetValue(DropEvery) is { } every ? TimeSpan.FromSeconds(AtLeast(DropEvery.Name, every, 0.1)) : null,
        Ping = TimeSpan.FromSeconds(AtLeast(Ping.Name, parse.GetRequiredValue(Ping), 0.1)),
        JsonPings = parse.GetValue(JsonPings),
        Folder = folder,
    };

    private static double AtLeast(string option, double value, double least) => value >= least && value <= 10_000_000
        ? value
        : throw new EmbeddedException(string.Create(
            System.Globalization.CultureInfo.InvariantCulture, $"{option} {value} is out of range: give a number from {least} to 10000000."));
}
