using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Radar.Market;
using Radar.Market.Candles;

namespace Radar.Embedded.Exchange;

/// <summary>The simulated exchange's answers, in Binance's shapes, with its limits, its errors and its open last candle.</summary>
internal sealed class BinanceApi(ExchangeSettings settings, ICandleSource candles, SimulatedClock clock, TimeProvider time)
{
    private static readonly string[] Intervals =
        ["1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M"];

    private static readonly TimeSpan LongestSilence = TimeSpan.FromMinutes(1);
    private readonly WeightLedger _weights = new(settings.WeightLimit, settings.WeightWindowSeconds, time);
    private readonly FaultPlan _faults = new(settings.Seed, settings.Faults, settings.FaultSpan);
    private readonly Dictionary<string, int> _served = FaultPlan.Kinds.ToDictionary(kind => kind, _ => 0);
    private readonly Lock _gate = new();
    private long _calls;
    private long _openCandles;

    /// <summary>Maps every path.</summary>
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/v3/ping", context => AnswerAsync(context, 1, writer => { writer.WriteStartObject(); writer.WriteEndObject(); }));
        routes.MapGet("/api/v3/time", context => AnswerAsync(context, 1, writer =>
        {
            writer.WriteStartObject();
            writer.WriteNumber("serverTime", clock.Now);
            writer.WriteEndObject();
        }));
        routes.MapGet("/api/v3/exchangeInfo", ExchangeInfoAsync);
        routes.MapGet("/api/v3/klines", KlinesAsync);
        routes.MapGet("/radar/clock", context => WriteAsync(context, WriteClock));
        routes.MapGet("/radar/ledger", context => WriteAsync(context, WriteLedger));
    }

    private Task ExchangeInfoAsync(HttpContext context)
    {
        var asked = context.Request.Query["symbol"].ToString();
        return asked.Length > 0 && !settings.Symbols.Contains(asked, StringComparer.Ordinal) && asked != "BTCUSDT"
            ? ErrorAsync(context, 20, 400, -1121, "Invalid symbol.")
            : AnswerAsync(context, 20, writer => ExchangeInfo.Write(writer, settings, clock.Now));
    }

    private async Task KlinesAsync(HttpContext context)
    {
        Interlocked.Increment(ref _calls);
        var query = context.Request.Query;
        string symbol = query["symbol"].ToString(), interval = query["interval"].ToString();
        if (symbol.Length == 0 || interval.Length == 0)
        {
            var lacking = symbol.Length == 0 ? "symbol" : "interval";
            await ErrorAsync(context, 2, 400, -1102, $"Mandatory parameter '{lacking}' was not sent, was empty/null, or malformed.");
            return;
        }
        if (!settings.Symbols.Contains(symbol, StringComparer.Ordinal))
        {
            await ErrorAsync(context, 2, 400, -1121, "Invalid symbol.");
            return;
        }
        if (interval != "1m")
        {
            await ErrorAsync(context, 2, 400, -1120, Intervals.Contains(interval) ? "Invalid interval: this simulator has 1m only." : "Invalid interval.");
            return;
        }
        if (!Number(query["startTime"], out var start) || !Number(query["endTime"], out var end) || !Number(query["limit"], out var limit))
        {
            await ErrorAsync(context, 2, 400, -1100, "Illegal characters found in a parameter.");
            return;
        }
        if (Refused(context, 2, out var retryAfter))
        {
            await TooManyAsync(context, 429, retryAfter);
            return;
        }
        if (_faults.Next() is { } fault)
        {
            await ServeFaultAsync(context, fault);
            return;
        }

        var now = clock.Now;
        if (start is { } asked && asked > (candles.LastBefore(symbol, now - (CandleTime.Minute - 1)) ?? long.MinValue) && !settings.To.Equals(now))
        {
            clock.Step(); // The producer has the newest closed candle.
            now = clock.Now;
        }
        var page = Page(symbol, start, end, (int)Math.Clamp(limit ?? 500, 1, 1000), now);
        await WriteAsync(context, writer =>
        {
            writer.WriteStartArray();
            foreach (var candle in page)
            {
                KlineWriter.Write(writer, candle);
            }
            writer.WriteEndArray();
        });
    }

    private List<Candle> Page(string symbol, long? start, long? end, int limit, long now)
    {
        var until = Math.Min(now + 1, end is { } last ? last + 1 : long.MaxValue); // The candle that opens now is there already, still open.
        if (start is null)
        {
            // The latest ones: from far enough back, then the tail.
            var all = candles.Between(symbol, until - (limit * 3L * CandleTime.Minute), until).TakeLast(limit);
            return [.. all.Select(candle => AsSeen(candle, now))];
        }
        return [.. candles.Between(symbol, start.Value, until).Take(limit).Select(candle => AsSeen(candle, now))];
    }

    private Candle AsSeen(Candle candle, long now)
    {
        if (candle.OpenTime + CandleTime.Minute <= now)
        {
            return candle;
        }
        Interlocked.Increment(ref _openCandles);
        return KlineWriter.Open(candle, Math.Max(1, now - candle.OpenTime) / (double)CandleTime.Minute);
    }

    private async Task ServeFaultAsync(HttpContext context, string fault)
    {
        lock (_gate)
        {
            _served[fault]++;
        }
        switch (fault)
        {
            case "429":
            case "418":
                _weights.Ban(settings.RetryAfterSeconds);
                await TooManyAsync(context, int.Parse(fault, CultureInfo.InvariantCulture), settings.RetryAfterSeconds);
                break;
            case "500":
                context.Response.StatusCode = StatusCodes.Status500InternalServerError;
                await context.Response.WriteAsync("<html>Internal error</html>", context.RequestAborted);
                break;
            case "cut":
                context.Response.ContentType = "application/json;charset=UTF-8";
                await context.Response.WriteAsync("[[1624438800000,\"33800.00000000\",\"338", context.RequestAborted);
                break;
            default:
                try
                {
                    await Task.Delay(LongestSilence, time, context.RequestAborted);
                }
                catch (OperationCanceledException)
                {
                    // The caller gave up, as it should.
                }
                context.Abort();
                break;
        }
    }

    private bool Refused(HttpContext context, int weight, out int retryAfter)
    {
        var (used, after) = _weights.Book(weight);
        context.Response.Headers["X-MBX-USED-WEIGHT-1M"] = used.ToString(CultureInfo.InvariantCulture);
        retryAfter = after;
        return after > 0;
    }

    private static Task TooManyAsync(HttpContext context, int status, int retryAfter)
    {
        context.Response.Headers.RetryAfter = retryAfter.ToString(CultureInfo.InvariantCulture);
        return ErrorBodyAsync(context, status, -1003, "Too much request weight used; please use WebSocket Streams for live updates to avoid bans.");
    }

    private Task AnswerAsync(HttpContext context, int weight, Action<Utf8JsonWriter> write) => Refused(context, weight, out var after)
        ? TooManyAsync(context, 429, after)
        : WriteAsync(context, write);

    private Task ErrorAsync(HttpContext context, int weight, int status, int code, string message) => Refused(context, weight, out var after)
        ? TooManyAsync(context, 429, after)
        : ErrorBodyAsync(context, status, code, message);

    private static Task ErrorBodyAsync(HttpContext context, int status, int code, string message)
    {
        context.Response.StatusCode = status;
        return WriteAsync(context, writer =>
        {
            writer.WriteStartObject();
            writer.WriteNumber("code", code);
            writer.WriteString("msg", message);
            writer.WriteEndObject();
        });
    }

    private static async Task WriteAsync(HttpContext context, Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            write(writer);
        }
        context.Response.ContentType = "application/json;charset=UTF-8";
        context.Response.ContentLength = buffer.WrittenCount;
        await context.Response.Body.WriteAsync(buffer.WrittenMemory, context.RequestAborted);
    }

    private void WriteClock(Utf8JsonWriter writer)
    {
        var now = clock.Now;
        var symbol = settings.Symbols[0];
        var closedBefore = now - (CandleTime.Minute - 1); // A candle that opened before this has closed.
        writer.WriteStartObject();
        writer.WriteNumber("now", now);
        writer.WriteNumber("from", settings.From);
        WriteNullable(writer, "to", settings.To);
        writer.WriteNumber("historyUntil", settings.HistoryUntil);
        writer.WriteBoolean("finished", clock.Finished);
        WriteNullable(writer, "lastOpenTime", candles.LastBefore(symbol, closedBefore));
        writer.WriteNumber("candles", candles.Count(symbol, settings.From, closedBefore));
        writer.WriteEndObject();
    }

    private void WriteLedger(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteNumber("klinesCalls", Interlocked.Read(ref _calls));
        writer.WriteNumber("openCandles", Interlocked.Read(ref _openCandles));
        writer.WriteNumber("weightLimit", settings.WeightLimit);
        writer.WriteNumber("highestWeight", _weights.Highest);
        writer.WriteNumber("callsOverLimit", _weights.OverLimit);
        writer.WriteNumber("callsWhileBanned", _weights.Violations);
        writer.WriteStartObject("faults");
        lock (_gate)
        {
            foreach (var (kind, count) in _served)
            {
                writer.WriteNumber(kind, count);
            }
        }
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteNullable(Utf8JsonWriter writer, string name, long? value)
    {
        if (value is { } number)
        {
            writer.WriteNumber(name, number);
        }
        else
        {
            writer.WriteNull(name);
        }
    }

    private static bool Number(Microsoft.Extensions.Primitives.StringValues text, out long? value)
    {
        value = null;
        if (text.Count == 0)
        {
            return true;
        }
        if (!long.TryParse(text.ToString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            return false;
        }
        value = number;
        return true;
    }
}
