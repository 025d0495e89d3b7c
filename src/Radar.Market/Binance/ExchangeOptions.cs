using System.Globalization;
using Microsoft.Extensions.Configuration;
using Radar.Market.Candles;

namespace Radar.Market.Binance;

/// <summary>Settings below <c>Radar:Exchange</c>.</summary>
public sealed record ExchangeOptions
{
    /// <summary>Section they are bound from.</summary>
    public const string Section = "Radar:Exchange";

    /// <summary>REST base. The default is the exchange's host for public market data, which needs no key.</summary>
    public Uri BaseUrl { get; init; } = new("https://data-api.binance.vision");

    /// <summary>How fast the exchange's clock runs. The default is 1, as the real one; simulators may run faster.</summary>
    public ExchangeClock Clock { get; init; } = ExchangeClock.Real;

    /// <summary>Where an empty candle table begins, milliseconds UTC. The default is null: three days before the exchange's time.</summary>
    public long? From { get; init; }

    /// <summary>Candles asked for in one call, 1 to 1,000. The default is 1,000.</summary>
    public int PageSize { get; init; } = 1_000;

    /// <summary>After this a call counts as lost and is made again. The default is 10 seconds.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Share of the exchange's request weight that we use at most. The default is 0.9.</summary>
    public double WeightShare { get; init; } = 0.9;

    /// <summary>Reads and checks the settings.</summary>
    /// <exception cref="ArgumentException">Lists every setting that is wrong, with its value and the fix.</exception>
    public static ExchangeOptions Read(IConfiguration configuration)
    {
        var section = configuration.GetSection(Section);
        var problems = new List<string>();
        var defaults = new ExchangeOptions();
        var options = new ExchangeOptions
        {
            BaseUrl = Parse("BaseUrl", defaults.BaseUrl, "an http or https address",
                text => Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" ? uri : null),
            Clock = Parse("Clock", defaults.Clock, "1, a number above 0, or max", ExchangeClock.TryParse),
            From = Parse("From", (Boxed?)null, "a date or time in UTC such as 2023-03-20",
                text => CandleTime.TryParse(text, out var time) || CandleTime.TryParse(text + " 00:00:00", out time) ? new Boxed(time) : null)?.Value,
            PageSize = Parse("PageSize", new Boxed(defaults.PageSize), "a whole number from 1 to 1000",
                text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n is >= 1 and <= 1000 ? new Boxed(n) : null)!.Number,
            Timeout = TimeSpan.FromSeconds(Parse("Timeout", new Boxed(defaults.Timeout.TotalSeconds), "seconds, above 0",
                text => double.TryParse(text, CultureInfo.InvariantCulture, out var n) && n > 0 ? new Boxed(n) : null)!.Real),
            WeightShare = Parse("WeightShare", new Boxed(defaults.WeightShare), "a number above 0 and at most 1",
                text => double.TryParse(text, CultureInfo.InvariantCulture, out var n) && n is > 0 and <= 1 ? new Boxed(n) : null)!.Real,
        };
        return problems.Count == 0 ? options : throw new ArgumentException(string.Join(Environment.NewLine, problems));

        T Parse<T>(string name, T fallback, string wanted, Func<string, T?> read)
            where T : class?
        {
            if (section[name] is not { Length: > 0 } text)
            {
                return fallback;
            }
            if (read(text) is { } value)
            {
                return value;
            }
            problems.Add($"{Section}:{name} is '{text}': set it to {wanted}.");
            return fallback;
        }
    }

    private sealed record Boxed(double Real)
    {
        public int Number => (int)Real;

        public long Value => (long)Real;
    }
}
