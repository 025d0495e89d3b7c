using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Radar.Embedded.Exchange.Wallex;

/// <summary>The Wallex side over HTTP: markets, trades and depth, both sockets, the ledger, and a handle for tests.</summary>
internal sealed class WallexApi(WallexSettings settings, WallexHub hub, WallexFlow flow, TimeProvider time, CancellationToken stop)
{
    private const string Json = "application/json; charset=utf-8";
    private readonly Random _lives = new(settings.Seed);
    private readonly Lock _gate = new();
    private long _sockets;
    private long _calls;
    private bool _restAway;

    /// <summary>Maps every path.</summary>
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/hector/web/v1/markets", context => RestAsync(context, json => WallexRest.MarketList(json, hub.Markets)));
        routes.MapGet("/v1/markets", context => RestAsync(context, json => WallexRest.MarketMap(json, hub.Markets)));
        routes.MapGet("/v1/trades", context => OfMarketAsync(context, (json, symbol) => WallexRest.Trades(json, hub.Window(symbol), settings.RestPadded)));
        routes.MapGet("/v1/depth", context => OfMarketAsync(context, (json, symbol) =>
            WallexRest.Depth(json, hub.Book($"{symbol}@{WallexFrame.SellDepth}"), hub.Book($"{symbol}@{WallexFrame.BuyDepth}"))));
        routes.Map("/ws", context => SocketAsync(context, new FirstDialect(hub, settings)));
        routes.Map("/connection/websocket", context => SocketAsync(context, new SecondDialect(hub, settings)));
        routes.MapGet("/radar/wallex/ledger", LedgerAsync);
        routes.MapGet("/radar/wallex/ledger/trades", context => FileAsync(context, WallexLedger.Trades));
        routes.MapGet("/radar/wallex/ledger/depth", context => FileAsync(context, WallexLedger.Depth));
        routes.MapGet("/radar/wallex/ledger/sockets", context => FileAsync(context, WallexLedger.Sockets));
        routes.MapPost("/radar/wallex/control", ControlAsync);
        routes.MapPost("/radar/wallex/say", SayAsync);
    }

    private async Task SocketAsync(HttpContext context, IWallexDialect dialect)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            context.Response.StatusCode = StatusCodes.Status426UpgradeRequired;
            return;
        }
        using var socket = await context.WebSockets.AcceptWebSocketAsync(
            new WebSocketAcceptContext { KeepAliveInterval = settings.Ping, KeepAliveTimeout = settings.Ping + settings.Ping });
        var (life, abruptly) = Life();
        using var session = new WallexSession(Interlocked.Increment(ref _sockets), socket, dialect, hub, settings, time);
        await session.RunAsync(life, abruptly, stop);
    }

    private (TimeSpan Life, bool Abruptly) Life()
    {
        lock (_gate)
        {
            return settings.DropEvery is { } every && every * (0.5 + _lives.NextDouble()) is var life && life < settings.CutAfter
                ? (life, _lives.Next(2) == 0)
                : (settings.CutAfter, false);
        }
    }

    private Task OfMarketAsync(HttpContext context, Action<Utf8JsonWriter, string> write)
    {
        var symbol = context.Request.Query["symbol"].ToString();
        if (hub.Markets.Contains(symbol, StringComparer.Ordinal))
        {
            return RestAsync(context, json => write(json, symbol));
        }
        context.Response.StatusCode = StatusCodes.Status422UnprocessableEntity;
        return WriteAsync(context, json => WallexRest.Refusal(json, "The selected symbol is invalid."));
    }

    private Task RestAsync(HttpContext context, Action<Utf8JsonWriter> write)
    {
        Interlocked.Increment(ref _calls);
        if (!_restAway)
        {
            return WriteAsync(context, json => WallexRest.Result(json, write));
        }
        context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        return context.Response.WriteAsync("<html>Away</html>", context.RequestAborted);
    }

    private Task LedgerAsync(HttpContext context) => WriteAsync(context, json =>
    {
        var counts = hub.Count();
        json.WriteStartObject();
        json.WriteBoolean("running", flow.Running);
        json.WriteNumber("trades", counts.Trades);
        json.WriteNumber("distinctTrades", counts.DistinctTrades);
        json.WriteNumber("depthFrames", counts.DepthFrames);
        json.WriteNumber("sockets", counts.Sockets);
        json.WriteNumber("socketsOpened", counts.Opened);
        json.WriteNumber("subscriptions", counts.Subscriptions);
        json.WriteNumber("queuedFrames", counts.Queued);
        json.WriteNumber("restCalls", Interlocked.Read(ref _calls));
        json.WriteStartObject("ends");
        foreach (var (how, count) in counts.Ends)
        {
            json.WriteNumber(how, count);
        }
        json.WriteEndObject();
        json.WriteEndObject();
    });

    private async Task FileAsync(HttpContext context, string name)
    {
        if (settings.Folder is not { } folder)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }
        hub.Count(); // Brings the files up to date.
        context.Response.ContentType = "application/x-ndjson";
        await using var file = new FileStream(Path.Combine(folder, name), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        await file.CopyToAsync(context.Response.Body, context.RequestAborted);
    }

    private Task ControlAsync(HttpContext context)
    {
        var query = context.Request.Query;
        flow.Running = Flag(query["running"], flow.Running);
        flow.SetRates(Rate(query["trades"]), Rate(query["depth"]));
        hub.Muted = Flag(query["muted"], hub.Muted);
        hub.Drops = Flag(query["drops"], hub.Drops);
        _restAway = !Flag(query["rest"], !_restAway);
        if (query["list"].ToString() is { Length: > 0 } listed)
        {
            hub.List(listed, listed: true);
        }
        if (query["unlist"].ToString() is { Length: > 0 } unlisted)
        {
            hub.List(unlisted, listed: false);
        }
        if (query["drop"].ToString() is { Length: > 0 } how)
        {
            hub.Drop(abruptly: how != "close", onlyNewest: how == "newest");
        }
        return LedgerAsync(context);
    }

    private async Task SayAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        if (WallexFrame.Parse(body.ToArray()) is not { } frame)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }
        hub.Say(frame);
    }

    private static bool Flag(string? text, bool otherwise) => bool.TryParse(text, out var flag) ? flag : otherwise;

    private static double? Rate(string? text) => double.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var rate) && rate >= 0 ? rate : null;

    private static async Task WriteAsync(HttpContext context, Action<Utf8JsonWriter> write)
    {
        using var body = new MemoryStream();
        await using (var json = new Utf8JsonWriter(body))
        {
            write(json);
        }
        context.Response.ContentType = Json;
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body.GetBuffer().AsMemory(0, (int)body.Length), context.RequestAborted);
    }
}
