using System.Globalization;

namespace Radar.Market.Binance;

/// <summary>How fast an exchange's clock runs against ours.</summary>
/// <param name="Rate">Its seconds in one of ours; infinite for a simulated clock that steps as soon as the newest candle was fetched.</param>
public sealed record ExchangeClock(double Rate)
{
    /// <summary>As fast as ours.</summary>
    public static ExchangeClock Real { get; } = new(1);

    /// <summary>Steps to the next minute when asked for what follows the newest closed candle.</summary>
    public static ExchangeClock Max { get; } = new(double.PositiveInfinity);

    /// <summary>Whether the clock steps rather than runs.</summary>
    public bool Steps => double.IsPositiveInfinity(Rate);

    /// <summary>Reads <c>max</c> or a number above 0; null when it is neither.</summary>
    public static ExchangeClock? TryParse(string text) => text.Equals("max", StringComparison.OrdinalIgnoreCase)
        ? Max
        : double.TryParse(text, CultureInfo.InvariantCulture, out var rate) && rate > 0 && double.IsFinite(rate) ? new ExchangeClock(rate) : null;

    /// <inheritdoc/>
    public override string ToString() => Steps ? "max" : Rate.ToString(CultureInfo.InvariantCulture);
}
