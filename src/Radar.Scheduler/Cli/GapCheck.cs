using System.Text.Json;
using Radar.Market;
using Radar.Market.Candles;

namespace Radar.Scheduler.Cli;

/// <summary>
/// Minutes without a candle, held against the exchange: an outage of its own is no fault of ours, and one that it cannot be asked about is not
/// called one. While candles are to be captured, the newest must follow the exchange's too.
/// </summary>
/// <param name="exchange">Who is asked.</param>
/// <param name="simulated">Whether it has a clock of its own, which costs none of its request weight.</param>
/// <param name="table">The candles.</param>
/// <param name="isCapturedAsync">Whether somebody is to fetch candles now.</param>
internal sealed class GapCheck(Uri exchange, bool simulated, CandleTable table, Func<CancellationToken, Task<bool>> isCapturedAsync)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private (long Stored, long Exchange)? _ends;

    /// <summary>Looks once.</summary>
    public async Task<Finding> FindAsync(CancellationToken cancellationToken)
    {
        var missing = new List<string>();
        var unasked = new List<string>();
        string? problem = null;
        using var http = new HttpClient { BaseAddress = exchange, Timeout = Patience };
        foreach (var gap in await table.GapsAsync(new TimeRange(long.MinValue, long.MaxValue), cancellationToken))
        {
            await AskAsync($"from {CandleTime.Format(gap.From)} to {CandleTime.Format(gap.To)}", () => HasAsync(http, gap, cancellationToken));
        }
        if (await table.MaxOpenTimeAsync(cancellationToken) is { } newest && await isCapturedAsync(cancellationToken))
        {
            await AskAsync($"after {CandleTime.Format(newest)}", () => IsStuckAsync(http, newest, cancellationToken));
        }
        return new Finding(missing, problem is null ? null : $"the exchange at {exchange} could not be asked ({problem}) about {unasked.Count} gap(s), the first {unasked[0]}");

        async Task AskAsync(string named, Func<Task<bool>> isMissingAsync)
        {
            if (problem is not null)
            {
                unasked.Add(named); // It did not answer a moment ago; the next look asks again.
                return;
            }
            try
            {
                if (await isMissingAsync())
                {
                    missing.Add(named);
                }
            }
            catch (Exception silent) when (silent is HttpRequestException or JsonException or InvalidOperationException or KeyNotFoundException
                || silent is TaskCanceledException && !cancellationToken.IsCancellationRequested)
            {
                problem = silent.Message; // Away, overloaded, or cut off in the middle of its answer.
                unasked.Add(named);
            }
        }
    }

    private async Task<bool> HasAsync(HttpClient http, CandleGap gap, CancellationToken cancellationToken)
    {
        var klines = await KlinesAsync(http, $"startTime={gap.From}&endTime={gap.To - 1}&limit=1", cancellationToken);
        return klines.GetArrayLength() > 0;
    }

    // The exchange is asked once, and then only whether we move: one who is catching up may have a long way to go.
    private async Task<bool> IsStuckAsync(HttpClient http, long newest, CancellationToken cancellationToken)
    {
        _ends ??= (newest, await NewestClosedAsync(http, newest, cancellationToken));
        return newest <= _ends.Value.Stored && newest < _ends.Value.Exchange;
    }

    private async Task<long> NewestClosedAsync(HttpClient http, long since, CancellationToken cancellationToken)
    {
        if (simulated)
        {
            var clock = await http.GetFromJsonAsync<JsonElement>(new Uri("/radar/clock", UriKind.Relative), cancellationToken);
            return clock.GetProperty("lastOpenTime") is { ValueKind: JsonValueKind.Number } last ? last.GetInt64() : since;
        }
        const int OpenTime = 0, CloseTime = 6;
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        return (await KlinesAsync(http, $"startTime={since}&limit=3", cancellationToken)).EnumerateArray()
            .Where(kline => kline[CloseTime].GetInt64() < now).Select(kline => kline[OpenTime].GetInt64()).Append(since).Max();
    }

    private Task<JsonElement> KlinesAsync(HttpClient http, string range, CancellationToken cancellationToken) =>
        http.GetFromJsonAsync<JsonElement>(new Uri($"/api/v3/klines?symbol={table.Symbol}&interval=1m&{range}", UriKind.Relative), cancellationToken);
}
