using System.Runtime.CompilerServices;
using Radar.Market;
using Radar.Market.Binance;
using Radar.Workers.Hosting;

namespace Radar.Workers.Producing;

/// <summary>Binance, or whoever speaks like it.</summary>
internal sealed class BinanceSource : ICandleSource
{
    private readonly HttpClient _http;
    private readonly BinanceClient _client;
    private readonly KlineFeed _feed;

    /// <param name="options">Address, clock, page size.</param>
    /// <param name="time">Clock of waits.</param>
    /// <param name="activity">Told what it waits for, and null when it goes on.</param>
    public BinanceSource(ExchangeOptions options, TimeProvider time, Action<string?> activity)
    {
        _http = new HttpClient { Timeout = Timeout.InfiniteTimeSpan }; // Each call has a time-out of its own.
        _client = new BinanceClient(_http, options, time) { Activity = activity };
        _feed = new KlineFeed(_client, options, time);
    }

    public async Task<long> NowAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _client.ServerTimeAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (BinanceException refused)
        {
            throw Unworkable(refused);
        }
    }

    public async Task EnsureKnownAsync(string symbol, CancellationToken cancellationToken)
    {
        try
        {
            _ = await _client.KlinesAsync(symbol, startTime: 0, limit: 1, cancellationToken).ConfigureAwait(false);
        }
        catch (BinanceException refused)
        {
            throw Unworkable(refused);
        }
    }

    public async IAsyncEnumerable<IReadOnlyList<Candle>> ReadAsync(
        string symbol, long from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var pages = _feed.ReadAsync(symbol, from, cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (await NextAsync(pages).ConfigureAwait(false))
        {
            yield return pages.Current.Candles;
        }
    }

    public void Dispose()
    {
        _client.Dispose();
        _http.Dispose();
    }

    private static async ValueTask<bool> NextAsync(IAsyncEnumerator<KlinePage> pages)
    {
        try
        {
            return await pages.MoveNextAsync().ConfigureAwait(false);
        }
        catch (BinanceException refused)
        {
            throw Unworkable(refused);
        }
    }

    // What the client lets through is what asking again does not change: an unknown symbol, a wrong address.
    private static UnworkableException Unworkable(BinanceException refused) => new(refused.Message, refused);
}
