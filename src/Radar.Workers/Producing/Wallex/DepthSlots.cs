using System.Collections.Concurrent;

namespace Radar.Workers.Producing.Wallex;

/// <summary>The newest frame of each side of each order book, and what of it was published.</summary>
internal sealed class DepthSlots(LineFigures figures, TimeProvider time) : ISocketListener
{
    private readonly ConcurrentDictionary<string, Slot> _slots = new(StringComparer.Ordinal);

    public ValueTask HearAsync(long socket, Said frame, CancellationToken cancellationToken)
    {
        figures.Heard();
        var slot = _slots.GetOrAdd(frame.Channel, static _ => new Slot());
        lock (slot)
        {
            // While a connection is being replaced both tell the same. Once the newer one has spoken, the older one has nothing to add.
            if (socket >= slot.Socket)
            {
                (slot.Socket, slot.Newest, slot.HeardAt) = (socket, frame.ToFrame(), time.GetTimestamp());
            }
        }
        return ValueTask.CompletedTask;
    }

    public void Lost(long socket, IReadOnlyCollection<string> symbols, DateTimeOffset since)
    {
    }

    // What it told last is no more the newest: otherwise all that the older one tells would be passed over.
    public void Gone(long socket)
    {
        foreach (var (_, slot) in _slots)
        {
            lock (slot)
            {
                slot.Socket = slot.Socket == socket ? 0 : slot.Socket;
            }
        }
    }

    public void Settled(IReadOnlyCollection<string> symbols)
    {
    }

    /// <summary>
    /// Publishes each side that is not as it was last published. One whose last frame the broker has not acknowledged waits for the next time: frames of
    /// a side stay in order, and a broker that is away is met with one frame of each.
    /// </summary>
    /// <param name="publish">Takes a frame, and tells afterwards whether it was delivered.</param>
    public async Task PublishChangedAsync(Func<byte[], Action<bool>, ValueTask> publish)
    {
        foreach (var (_, slot) in _slots.OrderBy(slot => slot.Key, StringComparer.Ordinal))
        {
            byte[]? frame;
            lock (slot)
            {
                if (slot.OnItsWay || slot.Newest is null || slot.Newest.AsSpan().SequenceEqual(slot.Published))
                {
                    continue;
                }
                (frame, slot.OnItsWay) = (slot.Newest, true);
            }
            try
            {
                await publish(frame, _ =>
                {
                    lock (slot)
                    {
                        (slot.Published, slot.OnItsWay) = (frame, false); // One that was refused would be refused again.
                    }
                }).ConfigureAwait(false);
            }
            catch
            {
                lock (slot)
                {
                    slot.OnItsWay = false;
                }
                throw;
            }
        }
    }

    /// <summary>
    /// The end: nothing follows it that would publish what is newer than the last interval. Then once more, for sides of which a frame was on its way.
    /// </summary>
    /// <param name="publish">As above.</param>
    /// <param name="flush">Waits for what is on its way; false: it still is.</param>
    public async Task PublishLastAsync(Func<byte[], Action<bool>, ValueTask> publish, Func<Task<bool>> flush)
    {
        await PublishChangedAsync(publish).ConfigureAwait(false);
        if (await flush().ConfigureAwait(false))
        {
            await PublishChangedAsync(publish).ConfigureAwait(false);
            await flush().ConfigureAwait(false);
        }
    }

    /// <summary>Sides that were told once and then not for so long.</summary>
    /// <returns>Channel, time since, and the frame.</returns>
    public IReadOnlyList<(string Channel, byte[] Newest)> Silent(TimeSpan longest)
    {
        var silent = new List<(string, byte[])>();
        foreach (var (channel, slot) in _slots)
        {
            lock (slot)
            {
                if (slot.Newest is { } newest && time.GetElapsedTime(slot.HeardAt) > longest)
                {
                    silent.Add((channel, newest));
                }
            }
        }
        return silent;
    }

    private sealed class Slot
    {
        public long Socket { get; set; }

        public long HeardAt { get; set; }

        public byte[]? Newest { get; set; }

        public byte[]? Published { get; set; }

        public bool OnItsWay { get; set; }
    }
}
