using System.Globalization;
using System.Net;
using System.Text.Json;

namespace Radar.Market.Binance;

/// <summary>
/// Binance's public REST interface. Calls wait for request weight, obey Retry-After for the whole client, and are made again with growing
/// pauses until they succeed, are refused for good, or the token ends them.
/// </summary>
/// <param name="http">Its own time-out should be infinite: each call has one here.</param>
/// <param name="options">Settings.</param>
/// <param name="time">Clock.</param>
public sealed class BinanceClient(HttpClient http, ExchangeOptions options, TimeProvider time) : IDisposable
{
    private const int TimeWeight = 1;
    private const int KlinesWeight = 2;
    private const int InfoWeight = 20;
    private const int UnknownSymbol = -1121;
    private static readonly int[] PassingStatuses = [408, 425]; // Request timeout, too early.
    private static readonly int[] PassingCodes = [-1000, -1001, -1007, -1008]; // Unknown, disconnected, timeout, overloaded: all of its own inside.
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);
    private readonly WeightLimiter _limiter = new(time);
    private readonly SemaphoreSlim _limitsOnce = new(1, 1);
    private bool _limitsKnown;
    private long _bannedFrom;
    private TimeSpan _banned;

    /// <summary>Told what the client waits for, in a phrase, and null when it goes on.</summary>
    public Action<string?>? Activity { get; set; }

    /// <inheritdoc/>
    public void Dispose() => _limitsOnce.Dispose();

    /// <summary>The exchange's time, milliseconds UTC.</summary>
    public Task<long> ServerTimeAsync(CancellationToken cancellationToken) => CallAsync(
        "/api/v3/time",
        TimeWeight,
        body =>
        {
            using var answer = JsonDocument.Parse(body);
            return answer.RootElement.GetProperty("serverTime").GetInt64();
        },
        cancellationToken);

    /// <summary>Up to <paramref name="limit"/> one-minute candles from <paramref name="startTime"/> (milliseconds UTC) on, oldest first.
    /// The last may still be open.</summary>
    /// <exception cref="BinanceException">The exchange does not know the symbol, or refuses the call for good.</exception>
    public Task<List<Candle>> KlinesAsync(string symbol, long startTime, int limit, CancellationToken cancellationToken) => CallAsync(
        string.Create(CultureInfo.InvariantCulture, $"/api/v3/klines?symbol={Symbol.Check(symbol)}&interval=1m&startTime={startTime}&limit={limit}"),
        KlinesWeight,
        body => KlineReader.Read(body.Span),
        cancellationToken);

    private async Task<T> CallAsync<T>(string path, int weight, Func<ReadOnlyMemory<byte>, T> read, CancellationToken cancellationToken)
    {
        await LearnLimitsAsync(cancellationToken);
        return await RepeatAsync(path, weight, read, cancellationToken);
    }

    // The limits differ between hosts and change over the years: they are asked, not known.
    private async Task LearnLimitsAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _limitsKnown))
        {
            return;
        }
        await _limitsOnce.WaitAsync(cancellationToken);
        try
        {
            if (!_limitsKnown)
            {
                // Any symbol will do, and without one the answer has megabytes.
                var (limit, window) = await RepeatAsync(
                    "/api/v3/exchangeInfo?symbol=BTCUSDT", InfoWeight, body => RateLimits.Read(body), cancellationToken);
                _limiter.Set(limit, window, options.WeightShare);
                Volatile.Write(ref _limitsKnown, true);
            }
        }
        finally
        {
            _limitsOnce.Release();
        }
    }

    private async Task<T> RepeatAsync<T>(string path, int weight, Func<ReadOnlyMemory<byte>, T> read, CancellationToken cancellationToken)
    {
        var waited = false;
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            waited |= await WaitForRoomAsync(weight, cancellationToken) is var (entry, slept) && slept;
            try
            {
                var result = await OnceAsync(path, entry, read, cancellationToken);
                if (waited)
                {
                    Activity?.Invoke(null);
                }
                return result;
            }
            catch (AgainException again)
            {
                waited = true;
                if (again.After is { } after)
                {
                    Volatile.Write(ref _bannedFrom, time.GetTimestamp());
                    _banned = after;
                    Activity?.Invoke($"waiting {after.TotalSeconds:0} s: the exchange asked for it ({again.Message})");
                    pause = FirstPause;
                    continue; // WaitForRoom holds every call of this client back.
                }
                var jittered = pause * (0.75 + (Random.Shared.NextDouble() / 2));
                Activity?.Invoke($"trying {http.BaseAddress} again in {jittered.TotalSeconds:0.0} s: {again.Message}");
                await Task.Delay(jittered, time, cancellationToken);
            }
        }
    }

    private async Task<(WeightLimiter.Entry Entry, bool Slept)> WaitForRoomAsync(int weight, CancellationToken cancellationToken)
    {
        var slept = false;
        while (true)
        {
            var ban = _banned - time.GetElapsedTime(Volatile.Read(ref _bannedFrom));
            if (_banned > TimeSpan.Zero && ban > TimeSpan.Zero)
            {
                slept = true;
                await Task.Delay(ban, time, cancellationToken);
                continue;
            }
            var wait = _limiter.Book(weight, out var entry);
            if (entry is not null)
            {
                return (entry, slept);
            }
            slept = true;
            Activity?.Invoke($"waiting {wait.TotalSeconds:0.0} s: the exchange's request weight is used up");
            await Task.Delay(wait, time, cancellationToken);
        }
    }

    private async Task<T> OnceAsync<T>(
        string path, WeightLimiter.Entry entry, Func<ReadOnlyMemory<byte>, T> read, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(options.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        int? used = null;
        try
        {
            using var response = await http.GetAsync(new Uri(options.BaseUrl, path), HttpCompletionOption.ResponseHeadersRead, either.Token);
            used = UsedWeight(response);
            var body = await response.Content.ReadAsByteArrayAsync(either.Token);
            return response.StatusCode == HttpStatusCode.OK ? Read(body, read) : throw Refusal(path, response, body);
        }
        catch (HttpRequestException ex)
        {
            throw new AgainException(ex.Message);
        }
        catch (IOException ex)
        {
            throw new AgainException(ex.Message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new AgainException($"no answer within {options.Timeout.TotalSeconds:0.#} s ({ExchangeOptions.Section}:Timeout)");
        }
        finally
        {
            _limiter.Settle(entry, used);
        }
    }

    // Something between us and the exchange may answer for it, with whatever it likes.
    private static T Read<T>(byte[] body, Func<ReadOnlyMemory<byte>, T> read)
    {
        try
        {
            return read(body);
        }
        catch (Exception ex) when (ex is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or OverflowException)
        {
            throw new AgainException($"its answer is not whole, or of another shape ({ex.Message})");
        }
    }

    private static int? UsedWeight(HttpResponseMessage response) =>
        response.Headers.TryGetValues("X-MBX-USED-WEIGHT-1M", out var values)
        && int.TryParse(values.FirstOrDefault(), NumberStyles.None, CultureInfo.InvariantCulture, out var used)
            ? used
            : null;

    private Exception Refusal(string path, HttpResponseMessage response, ReadOnlyMemory<byte> body)
    {
        var status = (int)response.StatusCode;
        var (code, text) = ReadError(body);
        if (status is 429 or 418)
        {
            var after = response.Headers.RetryAfter?.Delta ?? TimeSpan.FromMinutes(1);
            return new AgainException($"HTTP {status} {text}") { After = after < TimeSpan.FromMilliseconds(200) ? TimeSpan.FromMilliseconds(200) : after };
        }
        if (status is 403)
        {
            return new AgainException("HTTP 403, its firewall") { After = TimeSpan.FromMinutes(1) };
        }
        if (status >= 500 || PassingStatuses.Contains(status) || PassingCodes.Contains(code))
        {
            return new AgainException($"HTTP {status} {text}".TrimEnd());
        }
        return new BinanceException(status, code, code == UnknownSymbol
            ? $"The exchange at {options.BaseUrl} does not know the symbol asked for ({path}): correct Radar:Market:Symbols."
            : $"The exchange at {options.BaseUrl} refused {path} with HTTP {status}, code {code}: {text}");
    }

    private static (int Code, string Text) ReadError(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var error = JsonDocument.Parse(body);
            return (error.RootElement.GetProperty("code").GetInt32(), error.RootElement.GetProperty("msg").GetString() ?? "");
        }
        catch (Exception ex) when (ex is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return (0, "");
        }
    }

    /// <summary>Trying again may help.</summary>
    private sealed class AgainException(string message) : Exception(message)
    {
        /// <summary>How long the exchange asked us to stay away; null: ours to choose.</summary>
        public TimeSpan? After { get; init; }
    }
}
