using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Confluent.Kafka;

namespace Radar.Market.Topics;

/// <summary>A record that could not be stored, as it lies in the topic of dead letters: its bytes as the value, everything else in headers.</summary>
public sealed record DeadLetter
{
    /// <summary>The topic unless Radar:Topics:DeadLetters says another.</summary>
    public const string DefaultTopic = "radar_dead_letters";

    /// <summary>Values above this are kept in part: brokers take a megabyte.</summary>
    public const int WholeUpTo = 900_000;

    /// <summary>So many bytes are kept of a longer value.</summary>
    public const int KeptOfLonger = 64 * 1024;

    /// <summary>So many characters are kept of a reason, which may quote the record.</summary>
    public const int LongestReason = 2_000;

    /// <summary>Where it came from.</summary>
    public required string Topic { get; init; }

    /// <summary>Its partition there.</summary>
    public required int Partition { get; init; }

    /// <summary>Its offset there.</summary>
    public required long Offset { get; init; }

    /// <summary>Its time there, milliseconds since 1970, UTC.</summary>
    public required long Timestamp { get; init; }

    /// <summary>Why it could not be stored.</summary>
    public required string Reason { get; init; }

    /// <summary>The sink that set it aside.</summary>
    public required string Worker { get; init; }

    /// <summary>The bytes kept: all of them, or the first <see cref="KeptOfLonger"/>. Null: the record had no value.</summary>
    public byte[]? Value { get; init; }

    /// <summary>Length of the whole value.</summary>
    public required long Length { get; init; }

    /// <summary>SHA-256 of the whole value, in small hexadecimal.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Whether the value is here as a whole; otherwise its origin has it, while that is kept.</summary>
    public bool IsWhole => (Value?.LongLength ?? 0) == Length;

    /// <summary>Where it came from, in a word such as radar_trades/0/42.</summary>
    public string Origin => $"{Topic}/{Partition.ToString(CultureInfo.InvariantCulture)}/{Offset.ToString(CultureInfo.InvariantCulture)}";

    /// <summary>A dead letter of a record.</summary>
    public static DeadLetter Of(string topic, int partition, long offset, long timestamp, byte[]? value, string reason, string worker) => new()
    {
        Topic = topic,
        Partition = partition,
        Offset = offset,
        Timestamp = timestamp,
        Reason = reason.Length > LongestReason ? reason[..LongestReason] + "..." : reason,
        Worker = worker,
        Value = value is { Length: > WholeUpTo } ? value[..KeptOfLonger] : value,
        Length = value?.Length ?? 0,
        Sha256 = Convert.ToHexStringLower(SHA256.HashData(value ?? [])),
    };

    /// <summary>The same with no more of its value than is kept of a long one, for a broker that does not take it as a whole.</summary>
    public DeadLetter Cut() => Value is { Length: > KeptOfLonger } whole ? this with { Value = whole[..KeptOfLonger] } : this;

    /// <summary>The message; its key is the origin, so that one set aside twice is seen to be the same.</summary>
    public Message<byte[], byte[]?> ToMessage() => new()
    {
        Key = Encoding.UTF8.GetBytes(Origin),
        Value = Value,
        Headers =
        [
            Header("radar-topic", Topic), Header("radar-partition", Text(Partition)), Header("radar-offset", Text(Offset)), Header("radar-timestamp", Text(Timestamp)),
            Header("radar-reason", Reason), Header("radar-worker", Worker), Header("radar-length", Text(Length)), Header("radar-sha256", Sha256),
        ],
    };

    /// <summary>Reads a message of the topic; null when it is none of ours.</summary>
    public static DeadLetter? Read(Message<byte[], byte[]> message)
    {
        var headers = (message.Headers ?? []).GroupBy(header => header.Key, StringComparer.Ordinal)
            .ToDictionary(header => header.Key, header => Encoding.UTF8.GetString(header.Last().GetValueBytes() ?? []), StringComparer.Ordinal);
        long? Number(string name) => long.TryParse(headers.GetValueOrDefault(name), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;
        return headers.GetValueOrDefault("radar-topic") is { } topic && Number("radar-partition") is { } partition && Number("radar-offset") is { } offset
            ? new DeadLetter
            {
                Topic = topic,
                Partition = (int)partition,
                Offset = offset,
                Timestamp = Number("radar-timestamp") ?? 0,
                Reason = headers.GetValueOrDefault("radar-reason") ?? "",
                Worker = headers.GetValueOrDefault("radar-worker") ?? "",
                Value = message.Value,
                Length = Number("radar-length") ?? message.Value?.Length ?? 0,
                Sha256 = headers.GetValueOrDefault("radar-sha256") ?? "",
            }
            : null;
    }

    private static Header Header(string name, string value) => new(name, Encoding.UTF8.GetBytes(value));

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
