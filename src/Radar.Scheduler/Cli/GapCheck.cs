using System.Text.Json;
using Radar.Market;
using Radar.Market.Candles;

namespace Radar.Scheduler.Cli;

/// <summary>Minutes without a candle, held against the exchange: an outage of its own is no fault of ours, and one that it cannot be asked about is not called one.</summary>
internal sealed class GapCheck(Uri exchange, CandleTable table)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Looks once.</summary>
    public async Task<Finding> FindAsync(CancellationToken cancellationToken)
    {
        var missing = new List<string>();
        var unasked = new List<string>();
        string? problem = null;
        using var http = new HttpClient { BaseAddress = exchange, Timeout = Patience };
        foreach (var gap in await table.GapsAsync(new TimeRange(long.MinValue, long.MaxValue), cancellationToken))
        {
            var named = $"from {CandleTime.Format(gap.From)} to {CandleTime.Format(gap.To)}";
            if (problem is not null)
            {
                unasked.Add(named); // It did not answer a moment ago; the next look asks again.
                continue;
            }
            try
            {
                if (await HasAsync(http, gap, cancellationToken))
                {
                    missing.Add(named);
                }
            }
            catch (Exception silent) when (silent is HttpRequestException or JsonException or InvalidOperationException
                || silent is TaskCanceledException && !cancellationToken.IsCancellationRequested)
            {
                problem = silent.Message; // Away, overloaded, or cut off in the middle of its answer.
                unasked.Add(named);
            }
        }
        return new Finding(missing, problem is null ? null : $"the exchange at {exchange} could not be asked ({problem}) about {unasked.Count} gap(s), the first {unasked[0]}");
    }

    private async Task<bool> HasAsync(HttpClient http, CandleGap gap, CancellationToken cancellationToken)
    {
        var klines = await http.GetFromJsonAsync<JsonElement>(
            new Uri($"/api/v3/klines?symbol={table.Symbol}&interval=1m&startTime={gap.From}&endTime={gap.To - 1}&limit=1", UriKind.Relative), cancellationToken);
        return klines.GetArrayLength() > 0;
    }
}
