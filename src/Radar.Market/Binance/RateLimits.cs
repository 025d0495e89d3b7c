using System.Text.Json;

namespace Radar.Market.Binance;

/// <summary>Reads the request weight limit out of exchangeInfo.</summary>
internal static class RateLimits
{
    /// <summary>Limit and the window it holds for.</summary>
    public static (int Limit, TimeSpan Window) Read(ReadOnlyMemory<byte> exchangeInfo)
    {
        using var info = JsonDocument.Parse(exchangeInfo);
        foreach (var limit in info.RootElement.GetProperty("rateLimits").EnumerateArray())
        {
            if (limit.GetProperty("rateLimitType").GetString() == "REQUEST_WEIGHT")
            {
                var unit = limit.GetProperty("interval").GetString() switch
                {
                    "SECOND" => TimeSpan.FromSeconds(1),
                    "DAY" => TimeSpan.FromDays(1),
                    _ => TimeSpan.FromMinutes(1),
                };
                return (limit.GetProperty("limit").GetInt32(), unit * limit.GetProperty("intervalNum").GetInt32());
            }
        }
        return (1_000, TimeSpan.FromMinutes(1)); // None told: a sixth of what is usual.
    }
}
