namespace Radar.Workers.Producing.Wallex;

/// <summary>Who is told what happens on the lines to the exchange.</summary>
internal interface ISocketListener
{
    /// <summary>A frame came. The line reads no further until this is done.</summary>
    /// <param name="socket">Number of the connection, the same for one that begins after the other ended; a higher one is newer.</param>
    /// <param name="frame">The frame.</param>
    /// <param name="cancellationToken">The connection is over.</param>
    ValueTask HearAsync(long socket, Said frame, CancellationToken cancellationToken);

    /// <summary>What a connection had still to tell of these markets is lost, and unless a newer one listens to them, nobody does.</summary>
    /// <param name="socket">Its number.</param>
    /// <param name="symbols">The markets.</param>
    /// <param name="since">When the last thing was heard on it.</param>
    void Lost(long socket, IReadOnlyCollection<string> symbols, DateTimeOffset since);

    /// <summary>A connection that was to replace an older one ended before it did: the older one goes on alone.</summary>
    /// <param name="socket">Its number.</param>
    void Gone(long socket);

    /// <summary>These markets are listened to (again).</summary>
    void Settled(IReadOnlyCollection<string> symbols);
}
