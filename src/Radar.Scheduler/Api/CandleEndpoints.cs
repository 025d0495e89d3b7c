using Npgsql;
using Radar.Market;
using Radar.Market.Candles;
using Radar.Market.Models;
using Radar.Market.Predictions;

namespace Radar.Scheduler.Api;

/// <summary>Candles and what the models say of them.</summary>
internal static class CandleEndpoints
{
    private const long LongestRange = 7 * 24 * 60 * CandleTime.Minute;

    public static void MapCandles(this WebApplication application)
    {
        application.MapGet("/api/v1/market", (IConfiguration configuration) => Results.Ok(new
        {
            symbols = (configuration["Radar:Market:Symbols"] ?? "BTCUSDT").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries),
            models = Models(configuration).Select(model => new { crypto = model.Crypto, model = model.Model, version = model.Version }),
        }));
        application.MapGet("/api/v1/candles/{crypto}", ReadAsync);
    }

    /// <summary>The newest candles unless a range in milliseconds UTC is given; at most a week.</summary>
    private static async Task<IResult> ReadAsync(
        string crypto, long? from, long? to, int? last, NpgsqlDataSource database, IConfiguration configuration, CancellationToken cancellationToken)
    {
        var table = new CandleTable(database, crypto.ToUpperInvariant());
        var end = to ?? ((await table.MaxOpenTimeAsync(cancellationToken) ?? 0) + CandleTime.Minute);
        var start = from ?? end - (Math.Clamp(last ?? 240, 1, 10_000) * CandleTime.Minute);
        if (end - start > LongestRange)
        {
            return Results.BadRequest(new { error = "At most a week of candles is read at once: move from and to closer together." });
        }
        var range = new TimeRange(start, end);
        var rows = new SortedDictionary<long, Dictionary<string, object?>>();
        await foreach (var block in table.ReadAsync(range, 10_000, cancellationToken))
        {
            foreach (var candle in block)
            {
                rows[candle.OpenTime] = new Dictionary<string, object?>
                {
                    ["openTime"] = candle.OpenTime, ["open"] = Known(candle.Open), ["high"] = Known(candle.High), ["low"] = Known(candle.Low),
                    ["close"] = Known(candle.Close), ["volume"] = Known(candle.Volume), ["predictions"] = new Dictionary<string, double?[]>(),
                };
            }
        }
        var store = new PredictionStore(table);
        foreach (var model in Models(configuration).Where(model => model.Crypto == table.Symbol))
        {
            await foreach (var block in store.ReadAsync(model, range, 10_000, cancellationToken))
            {
                foreach (var prediction in block)
                {
                    if (rows.TryGetValue(prediction.OpenTime, out var row))
                    {
                        ((Dictionary<string, double?[]>)row["predictions"]!)[$"{model.Model}_{model.Version}"] =
                            [Known(prediction.Sell), Known(prediction.Hold), Known(prediction.Buy)];
                    }
                }
            }
        }
        return Results.Ok(rows.Values);
    }

    // A table of an original may have NULL anywhere, and arithmetic has its own; JSON has a word for neither but null.
    private static double? Known(double value) => double.IsFinite(value) ? value : null;

    private static IEnumerable<ModelId> Models(IConfiguration configuration)
    {
        var directory = configuration["Radar:Models:Directory"] ?? "models";
        return Directory.Exists(directory) ? ModelStore.Discover(directory).Select(file => file.Id) : [];
    }
}
