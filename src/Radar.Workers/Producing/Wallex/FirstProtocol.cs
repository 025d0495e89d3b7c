using System.Text;
using System.Text.Json;

namespace Radar.Workers.Producing.Wallex;

/// <summary>The protocol that the original speaks: arrays of a channel and its data, and no acknowledgements. Frames are passed on as they came.</summary>
internal sealed class FirstProtocol : IWallexProtocol
{
    public string Path => "/ws";

    public ReadOnlyMemory<byte>? Hello => null;

    public bool Confirms => false;

    public TimeSpan? LongestSilence => null;

    public byte[] Subscribe(string channel) => Encoding.UTF8.GetBytes($$"""["subscribe",{"channel":"{{channel}}"}]""");

    public void Read(ReadOnlyMemory<byte> message, List<Said> said)
    {
        try
        {
            said.Add(ReadOne(message));
        }
        catch (Exception ex) when (ex is JsonException or InvalidOperationException)
        {
            said.Add(new Said(SaidKind.Unknown, "", message, default));
        }
    }

    private static Said ReadOne(ReadOnlyMemory<byte> message)
    {
        var reader = new Utf8JsonReader(message.Span);
        reader.Read();
        if (reader.TokenType == JsonTokenType.StartArray && reader.Read() && reader.TokenType == JsonTokenType.String)
        {
            var channel = reader.GetString()!;
            if (!channel.Contains('@', StringComparison.Ordinal) || !reader.Read() || reader.TokenType == JsonTokenType.EndArray)
            {
                return new Said(SaidKind.Unknown, channel, message, default);
            }
            var from = (int)reader.TokenStartIndex;
            reader.Skip();
            var to = (int)reader.BytesConsumed;
            while (reader.Read())
            {
                // Further elements are ignored, but all of it must be JSON.
            }
            var frame = message.ToArray();
            return new Said(SaidKind.Frame, channel, frame, frame.AsMemory(from, to - from));
        }
        if (reader.TokenType != JsonTokenType.StartObject || !reader.Read() || reader.TokenType != JsonTokenType.PropertyName)
        {
            return new Said(SaidKind.Unknown, "", message, default);
        }
        if (reader.ValueTextEquals("ping"u8) && reader.Read())
        {
            var from = (int)reader.TokenStartIndex;
            reader.Skip();
            byte[] answer = [.. "{\"pong\":"u8, .. message.Span[from..(int)reader.BytesConsumed], (byte)'}'];
            return new Said(SaidKind.Ping, "", answer, default);
        }
        var greets = message.Span.IndexOf("\"sid\""u8) >= 0 || message.Span.IndexOf("\"pingInterval\""u8) >= 0;
        return new Said(greets ? SaidKind.Greeting : SaidKind.Unknown, "", message, default);
    }
}
