using System.Runtime.InteropServices;

namespace Radar.Workers.Producing.Wallex;

/// <summary>What a message says.</summary>
internal enum SaidKind
{
    /// <summary>Data of a channel.</summary>
    Frame,

    /// <summary>The server is ready to take subscriptions.</summary>
    Ready,

    /// <summary>A subscription is made.</summary>
    Confirmed,

    /// <summary>A subscription is refused.</summary>
    Refused,

    /// <summary>The server asks whether we are there.</summary>
    Ping,

    /// <summary>The server ended a subscription.</summary>
    Unsubscribed,

    /// <summary>Nothing that we need.</summary>
    Greeting,

    /// <summary>Nothing that we know.</summary>
    Unknown,
}

/// <summary>One thing that a message says.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Channel">Without a namespace, e.g. <c>USDTTMN@trade</c>; empty where it concerns none.</param>
/// <param name="Bytes">A frame: what goes to Kafka, in the first protocol's shape, in an array of its own. A ping: our answer. Otherwise the message.</param>
/// <param name="Data">A frame's second element.</param>
internal readonly record struct Said(SaidKind Kind, string Channel, ReadOnlyMemory<byte> Bytes, ReadOnlyMemory<byte> Data)
{
    /// <summary>The channel's market.</summary>
    public string Symbol => Channel.IndexOf('@', StringComparison.Ordinal) is var at and >= 0 ? Channel[..at] : Channel;

    /// <summary>A frame's array.</summary>
    public byte[] ToFrame() => MemoryMarshal.TryGetArray(Bytes, out var array) && array.Count == array.Array!.Length ? array.Array : Bytes.ToArray();
}

/// <summary>One of the exchange's protocols, for one connection.</summary>
internal interface IWallexProtocol
{
    /// <summary>Path of the socket.</summary>
    string Path { get; }

    /// <summary>What the client says first; null: nothing, and it may subscribe at once.</summary>
    ReadOnlyMemory<byte>? Hello { get; }

    /// <summary>Whether subscriptions are confirmed.</summary>
    bool Confirms { get; }

    /// <summary>The longest silence of a living server; null: it need not say anything.</summary>
    TimeSpan? LongestSilence { get; }

    /// <summary>The message that subscribes to a channel.</summary>
    byte[] Subscribe(string channel);

    /// <summary>Reads a message; what it says is added to <paramref name="said"/>.</summary>
    void Read(ReadOnlyMemory<byte> message, List<Said> said);
}
