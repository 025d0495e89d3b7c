namespace Radar.Workers.Producing.Wallex;

/// <summary>Who is told what happens on the lines to the exchange.</summary>
internal interface ISocketListener
{
    /// <summary>A frame came. The line reads no further until this is done.</summary>
    /// <param name="socket">Number of the connection, the same for one that begins after the other ended; a higher one is newer.</param>
    /// <param name="frame">The frame.</param>
    /// <param name="cancellationToken">The connection is over.</param>
    ValueTask HearAsync(long socket, Said frame, CancellationToken cancellationToken);

    /// <summary>Nobody listens to these markets any more; the last thing was heard at <paramref name="since"/>.</summary>
    void Lost(IReadOnlyCollection<string> symbols, DateTimeOffset since);

    /// <summary>These markets are listened to (again).</summary>
    void Settled(IReadOnlyCollection<string> symbols);
}
