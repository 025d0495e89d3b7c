using System.Net;
using System.Text.Json;

namespace Radar.Workers.Producing.Wallex;

/// <summary>The exchange did not answer, or not so that it could be read.</summary>
internal sealed class WallexRestException(string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>How long it asked us to stay away.</summary>
    public TimeSpan? After { get; init; }
}

/// <summary>Wallex' open REST calls, spaced out. A call that is refused for now holds the next ones back for as long as the exchange asks.</summary>
internal sealed class WallexRestClient(WallexOptions options, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Untold = TimeSpan.FromSeconds(30);
    private readonly HttpClient _http = new() { BaseAddress = options.BaseUrl, Timeout = Timeout.InfiniteTimeSpan }; // Each call has a deadline of its own.
    private readonly DialGate _gate = new(TimeSpan.FromSeconds(1 / options.RestPerSecond), time);
    private long _awayFrom = time.GetTimestamp();
    private TimeSpan _away;

    /// <summary>All markets, each once, in ordinal order.</summary>
    /// <exception cref="WallexRestException">No answer, or one without markets.</exception>
    public async Task<string[]> MarketsAsync(CancellationToken cancellationToken)
    {
        using var answer = await GetAsync("/hector/web/v1/markets", cancellationToken).ConfigureAwait(false);
        try
        {
            var markets = answer.RootElement.GetProperty("result").GetProperty("markets").EnumerateArray()
                .Select(market => market.GetProperty("symbol").GetString()).OfType<string>().Where(symbol => symbol.Length > 0)
                .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray();
            return markets.Length > 0 ? markets : throw new WallexRestException($"{options.BaseUrl} lists no market");
        }
        catch (Exception ex) when (ex is KeyNotFoundException or InvalidOperationException)
        {
            throw new WallexRestException($"{options.BaseUrl} lists its markets in another way than known: {ex.Message}", ex);
        }
    }

    /// <summary>A market's last trades, newest first.</summary>
    /// <exception cref="WallexRestException">No answer, or one that cannot be read.</exception>
    public async Task<IReadOnlyList<TradeText>> TradesAsync(string symbol, CancellationToken cancellationToken)
    {
        using var answer = await GetAsync("/v1/trades?symbol=" + Uri.EscapeDataString(symbol), cancellationToken).ConfigureAwait(false);
        try
        {
            return [.. answer.RootElement.GetProperty("result").GetProperty("latestTrades").EnumerateArray()
                .Select(trade => TradeText.Read(trade) ?? throw new WallexRestException($"{options.BaseUrl} tells a trade of {symbol} in another way than known: {trade}"))
                .OrderByDescending(trade => trade.Second)]; // Stable: within a second its order stays.
        }
        catch (Exception ex) when (ex is KeyNotFoundException or InvalidOperationException)
        {
            throw new WallexRestException($"{options.BaseUrl} tells the trades of {symbol} in another way than known: {ex.Message}", ex);
        }
    }

    /// <summary>An order book's best level on each side; null where a side is empty.</summary>
    /// <exception cref="WallexRestException">No answer, or one that cannot be read.</exception>
    public async Task<(DepthTop? Sell, DepthTop? Buy)> DepthAsync(string symbol, CancellationToken cancellationToken)
    {
        using var answer = await GetAsync("/v1/depth?symbol=" + Uri.EscapeDataString(symbol), cancellationToken).ConfigureAwait(false);
        try
        {
            var result = answer.RootElement.GetProperty("result");
            return (DepthTop.Read(result.GetProperty("ask")), DepthTop.Read(result.GetProperty("bid")));
        }
        catch (Exception ex) when (ex is KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new WallexRestException($"{options.BaseUrl} tells the order book of {symbol} in another way than known: {ex.Message}", ex);
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<JsonDocument> GetAsync(string path, CancellationToken cancellationToken)
    {
        if (_away - time.GetElapsedTime(_awayFrom) is var left && left > TimeSpan.Zero)
        {
            await Task.Delay(left, time, cancellationToken).ConfigureAwait(false);
        }
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        using var deadline = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            using var response = await _http.GetAsync(new Uri(path, UriKind.Relative), either.Token).ConfigureAwait(false);
            if (response.StatusCode == HttpStatusCode.OK)
            {
                return await JsonDocument.ParseAsync(await response.Content.ReadAsStreamAsync(either.Token).ConfigureAwait(false), default, either.Token).ConfigureAwait(false);
            }
            if (response.StatusCode == HttpStatusCode.TooManyRequests)
            {
                (_awayFrom, _away) = (time.GetTimestamp(), response.Headers.RetryAfter?.Delta ?? Untold);
            }
            throw new WallexRestException($"{options.BaseUrl} answered {path} with HTTP {(int)response.StatusCode}") { After = response.Headers.RetryAfter?.Delta };
        }
        catch (Exception ex) when (ex is HttpRequestException or IOException or JsonException)
        {
            throw new WallexRestException($"{options.BaseUrl}: {ex.Message}", ex);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new WallexRestException($"{options.BaseUrl} did not answer {path} within {Patience.TotalSeconds:0} s");
        }
    }
}
