namespace Radar.Workers.Producing.Wallex;

/// <summary>Publishes each trade once, whichever connections tell it.</summary>
internal sealed class TradeCapture(TradeBook book, Func<byte[], ValueTask> publish) : ISocketListener
{
    /// <summary>Repairs what was missed.</summary>
    public TradeRepair? Repair { get; set; }

    public async ValueTask HearAsync(long socket, Said frame, CancellationToken cancellationToken)
    {
        if (TradeText.Read(frame.Data) is not { } trade)
        {
            await publish(frame.ToFrame()).ConfigureAwait(false); // Whoever reads the topic decides about it.
            return;
        }
        book.Writing.Note(trade);
        if (book.Of(frame.Symbol).Hear(socket, trade))
        {
            await publish(frame.ToFrame()).ConfigureAwait(false); // Not given up with the connection: it counts as published from here on.
        }
    }

    /// <summary>REST told a market's trades, newest first, at this point of what the sockets told.</summary>
    public async ValueTask AnsweredAsync(string symbol, IReadOnlyList<TradeText> told, CancellationToken cancellationToken)
    {
        if (Repair is { } repair)
        {
            await repair.TakeAsync(symbol, told, cancellationToken).ConfigureAwait(false);
        }
    }

    public void Lost(long socket, IReadOnlyCollection<string> symbols, DateTimeOffset since)
    {
        foreach (var symbol in symbols)
        {
            book.Lose(symbol, since, socket);
        }
    }

    // Equal trades are counted for each connection.
    public void Gone(long socket)
    {
    }

    public void Settled(IReadOnlyCollection<string> symbols)
    {
        foreach (var symbol in symbols)
        {
            book.Of(symbol).Settle();
            Repair?.Enqueue(symbol);
        }
    }
}
