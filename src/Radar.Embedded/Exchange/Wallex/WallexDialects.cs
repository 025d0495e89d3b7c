using System.Text.Json;

namespace Radar.Embedded.Exchange.Wallex;

/// <summary>One of the two protocols, as one connection speaks it.</summary>
internal interface IWallexDialect
{
    /// <summary>v1 or v2.</summary>
    string Name { get; }

    /// <summary>Messages that may share a frame, with line ends between.</summary>
    int MostInAMessage { get; }

    /// <summary>The connection is there.</summary>
    void Begin(WallexSession session);

    /// <summary>The client said something.</summary>
    /// <returns>False: it is not of this protocol.</returns>
    bool Receive(WallexSession session, ReadOnlySpan<byte> message);

    /// <summary>The time for a ping has come.</summary>
    /// <returns>Why the connection must end, or null.</returns>
    string? Ping(WallexSession session, int number);

    /// <summary>A frame in this protocol.</summary>
    ReadOnlyMemory<byte> Encode(WallexFrame frame);
}

/// <summary>The first protocol: arrays, no acknowledgements, a greeting in the manner of engine.io.</summary>
internal sealed class FirstDialect(WallexHub hub, WallexSettings settings) : IWallexDialect
{
    private const int MostPongs = 100;
    private int _pongs;

    public string Name => "v1";

    public int MostInAMessage => 1;

    public void Begin(WallexSession session) =>
        session.TrySend($$"""{"sid":"{{Guid.NewGuid():n}}","upgrades":[],"pingInterval":25000,"pingTimeout":5000}""");

    public bool Receive(WallexSession session, ReadOnlySpan<byte> message)
    {
        try
        {
            var reader = new Utf8JsonReader(message);
            var root = JsonElement.ParseValue(ref reader);
            if (root.ValueKind == JsonValueKind.Object)
            {
                _pongs += root.TryGetProperty("pong", out _) ? 1 : 0;
                return true;
            }
            var channel = root[1].GetProperty("channel").GetString()!;
            switch (root[0].GetString())
            {
                case "subscribe":
                    hub.Subscribe(session, channel); // Of an unknown one nothing is said, as in life.
                    return true;
                case "unsubscribe":
                    hub.Unsubscribe(session, channel);
                    return true;
                default:
                    return false;
            }
        }
        catch (Exception ex) when (ex is JsonException or InvalidOperationException or KeyNotFoundException or IndexOutOfRangeException)
        {
            return false;
        }
    }

    public string? Ping(WallexSession session, int number)
    {
        if (!settings.JsonPings)
        {
            return null; // The web server's own pings do.
        }
        if (_pongs < number - 1)
        {
            return "no pong";
        }
        session.TrySend($$"""{"ping":"{{number}}"}""");
        return _pongs >= MostPongs ? "pongs used up" : null;
    }

    public ReadOnlyMemory<byte> Encode(WallexFrame frame) => frame.First;
}

/// <summary>The second protocol, Centrifugo's: commands with ids, replies to each, empty objects as pings, several messages in a frame.</summary>
internal sealed class SecondDialect(WallexHub hub, WallexSettings settings) : IWallexDialect
{
    private bool _connected;
    private bool _answered = true;

    public string Name => "v2";

    public int MostInAMessage => 16;

    public void Begin(WallexSession session)
    {
    }

    public bool Receive(WallexSession session, ReadOnlySpan<byte> message)
    {
        foreach (var line in message.Split((byte)'\n'))
        {
            if (!message[line].IsEmpty && !Command(session, message[line]))
            {
                return false;
            }
        }
        return true;
    }

    public string? Ping(WallexSession session, int number)
    {
        if (!_connected || !_answered)
        {
            return "no pong";
        }
        _answered = false;
        session.TrySend("{}");
        return null;
    }

    public ReadOnlyMemory<byte> Encode(WallexFrame frame) => frame.Second;

    private bool Command(WallexSession session, ReadOnlySpan<byte> command)
    {
        try
        {
            var reader = new Utf8JsonReader(command);
            var root = JsonElement.ParseValue(ref reader);
            if (!root.TryGetProperty("id", out var id))
            {
                _answered = true;
                return !root.EnumerateObject().Any();
            }
            if (root.TryGetProperty("connect", out _))
            {
                _connected = true;
                return session.TrySend(
                    $$$"""{"id":{{{id}}},"connect":{"client":"{{{Guid.NewGuid()}}}","ping":{{{Math.Max(1, (int)settings.Ping.TotalSeconds)}}},"pong":true}}""");
            }
            return _connected && (root.TryGetProperty("subscribe", out var wanted)
                ? Subscribe(session, id, wanted.GetProperty("channel").GetString()!)
                : root.TryGetProperty("unsubscribe", out var unwanted) && Unsubscribe(session, id, unwanted.GetProperty("channel").GetString()!));
        }
        catch (Exception ex) when (ex is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return false;
        }
    }

    private bool Subscribe(WallexSession session, JsonElement id, string channel)
    {
        var known = Bare(channel) is { } bare && hub.Subscribe(session, bare);
        return session.TrySend(known
            ? $$$"""{"id":{{{id}}},"subscribe":{}}"""
            : $$$"""{"id":{{{id}}},"error":{"code":102,"message":"unknown channel"}}""");
    }

    private bool Unsubscribe(WallexSession session, JsonElement id, string channel)
    {
        hub.Unsubscribe(session, Bare(channel) ?? channel);
        return session.TrySend($$$"""{"id":{{{id}}},"unsubscribe":{}}""");
    }

    // Without its namespace a channel is not known.
    private static string? Bare(string channel) =>
        channel.Split(':') is [var space, var bare] && bare.Split('@') is [_, var kind] && WallexFrame.Namespace(kind) == space ? bare : null;
}
