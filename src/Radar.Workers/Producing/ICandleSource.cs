using Radar.Market;

namespace Radar.Workers.Producing;

/// <summary>Where candles come from.</summary>
internal interface ICandleSource : IDisposable
{
    /// <summary>The exchange's clock, milliseconds UTC.</summary>
    Task<long> NowAsync(CancellationToken cancellationToken);

    /// <summary>Returns once the exchange has said that it knows a market; one that is away is waited for.</summary>
    /// <exception cref="Hosting.UnworkableException">It does not know the market, or refuses for good.</exception>
    Task EnsureKnownAsync(string symbol, CancellationToken cancellationToken);

    /// <summary>
    /// Closed candles from an open time on, oldest first: history in pages as fast as the exchange allows, then each new one soon after it closed. Ends
    /// only with the token; an exchange that is away or asks for patience is waited for.
    /// </summary>
    /// <param name="symbol">The market.</param>
    /// <param name="from">First open time wanted, milliseconds UTC.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="Hosting.UnworkableException">The exchange does not know the market, or refuses for good.</exception>
    IAsyncEnumerable<IReadOnlyList<Candle>> ReadAsync(string symbol, long from, CancellationToken cancellationToken);
}
