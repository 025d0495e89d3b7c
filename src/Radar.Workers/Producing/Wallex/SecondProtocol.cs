using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Radar.Workers.Producing.Wallex;

/// <summary>Centrifugo's protocol. What goes to Kafka has the first one's shape, with the data byte for byte as it came.</summary>
internal sealed class SecondProtocol(TimeSpan grace) : IWallexProtocol
{
    private const int ConnectId = 1;
    private readonly Dictionary<int, string> _asked = [];
    private int _lastId = ConnectId;

    public string Path => "/connection/websocket";

    public ReadOnlyMemory<byte>? Hello { get; } = Encoding.UTF8.GetBytes("""{"id":1,"connect":{}}""");

    public bool Confirms => true;

    public TimeSpan? LongestSilence { get; private set; }

    public byte[] Subscribe(string channel)
    {
        var space = channel.EndsWith("@trade", StringComparison.Ordinal) ? "public" : "orderbook";
        lock (_asked)
        {
            _asked[++_lastId] = channel;
            return Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $$$"""{"id":{{{_lastId}}},"subscribe":{"channel":"{{{space}}}:{{{channel}}}"}}"""));
        }
    }

    public void Read(ReadOnlyMemory<byte> message, List<Said> said)
    {
        foreach (var range in message.Span.Split((byte)'\n'))
        {
            var line = message[range];
            if (line.Span.Trim(" \r\t"u8).IsEmpty)
            {
                continue;
            }
            try
            {
                said.Add(ReadOne(line));
            }
            catch (Exception ex) when (ex is JsonException or InvalidOperationException or FormatException)
            {
                said.Add(new Said(SaidKind.Unknown, "", line, default));
            }
        }
    }

    private Said ReadOne(ReadOnlyMemory<byte> line)
    {
        var reader = new Utf8JsonReader(line.Span);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return new Said(SaidKind.Unknown, "", line, default);
        }
        reader.Read();
        if (reader.TokenType == JsonTokenType.EndObject)
        {
            return new Said(SaidKind.Ping, "", "{}"u8.ToArray(), default);
        }
        if (reader.ValueTextEquals("push"u8))
        {
            reader.Read();
            return Push(ref reader, line);
        }
        using var reply = JsonDocument.Parse(line);
        return Reply(reply.RootElement, line);
    }

    private Said Reply(JsonElement reply, ReadOnlyMemory<byte> line)
    {
        if (!reply.TryGetProperty("id", out var id))
        {
            return new Said(SaidKind.Unknown, "", line, default);
        }
        if (reply.TryGetProperty("connect", out var connect))
        {
            LongestSilence = connect.TryGetProperty("ping", out var ping) && ping.GetInt32() is > 0 and var seconds ? TimeSpan.FromSeconds(seconds) + grace : null;
            return new Said(SaidKind.Ready, "", line, default);
        }
        string? channel;
        lock (_asked)
        {
            _asked.Remove(id.GetInt32(), out channel);
        }
        var refused = reply.TryGetProperty("error", out _);
        return new Said(refused ? SaidKind.Refused : SaidKind.Confirmed, channel ?? "", line.ToArray(), default);
    }

    private static Said Push(ref Utf8JsonReader reader, ReadOnlyMemory<byte> line)
    {
        string channel = "";
        var (from, to) = (0, 0);
        var ended = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("channel"u8))
            {
                reader.Read();
                channel = reader.GetString() ?? "";
            }
            else if (reader.ValueTextEquals("pub"u8))
            {
                reader.Read();
                (from, to) = Data(ref reader);
            }
            else
            {
                ended |= reader.ValueTextEquals("unsubscribe"u8);
                reader.Read();
                reader.Skip();
            }
        }
        channel = channel[(channel.IndexOf(':', StringComparison.Ordinal) + 1)..];
        if (to > from && channel.Contains('@', StringComparison.Ordinal))
        {
            byte[] head = Encoding.UTF8.GetBytes($"[\"{channel}\",");
            byte[] frame = [.. head, .. line.Span[from..to], (byte)']'];
            return new Said(SaidKind.Frame, channel, frame, frame.AsMemory(head.Length, to - from));
        }
        return new Said(ended ? SaidKind.Unsubscribed : SaidKind.Unknown, channel, line, default);
    }

    private static (int From, int To) Data(ref Utf8JsonReader pub)
    {
        var (from, to) = (0, 0);
        while (pub.Read() && pub.TokenType == JsonTokenType.PropertyName)
        {
            var wanted = pub.ValueTextEquals("data"u8);
            pub.Read();
            var start = (int)pub.TokenStartIndex;
            pub.Skip();
            if (wanted)
            {
                (from, to) = (start, (int)pub.BytesConsumed);
            }
        }
        return (from, to);
    }
}
