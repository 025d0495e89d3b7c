using System.Threading.Channels;

namespace Radar.Workers.Producing.Wallex;

/// <summary>
/// Holds what the lines tell until the topic's end is known, which says what was published before. So the exchange is listened to, and REST is asked while
/// it still tells what a predecessor took with it, although the broker is away. Afterwards everything passes through.
/// </summary>
/// <param name="rest">Asked of each market that is listened to (again), as long as things are held.</param>
/// <param name="figures">Counts.</param>
/// <param name="mostFrames">Frames that are held; then sockets are read no further.</param>
/// <param name="time">Clock.</param>
internal sealed class HeldTrades(WallexRestClient rest, LineFigures figures, int mostFrames, TimeProvider time) : ISocketListener
{
    private const int MostBytes = 32 * 1024 * 1024;
    private const int MostTold = 100_000;
    private const int AtOnce = 4;
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Queue<Func<TradeCapture, CancellationToken, ValueTask>> _held = [];
    private readonly Channel<string> _asked = Channel.CreateUnbounded<string>(); // Bounded by the connections that were made meanwhile.
    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TradeCapture? _capture;
    private int _frames;
    private long _bytes;
    private int _told;

    /// <summary>Done once everything that was held is passed on.</summary>
    public Task Opened => _opened.Task;

    /// <summary>Frames held now.</summary>
    public int Count => Volatile.Read(ref _frames);

    public async ValueTask HearAsync(long socket, Said frame, CancellationToken cancellationToken)
    {
        figures.Heard();
        if (!TryHold(socket, frame))
        {
            await Opened.WaitAsync(cancellationToken).ConfigureAwait(false);
            await _capture!.HearAsync(socket, frame, cancellationToken).ConfigureAwait(false);
        }
    }

    public void Lost(long socket, IReadOnlyCollection<string> symbols, DateTimeOffset since) => Tell(capture => capture.Lost(socket, symbols, since));

    public void Gone(long socket) => Tell(capture => capture.Gone(socket));

    public void Settled(IReadOnlyCollection<string> symbols)
    {
        Tell(capture => capture.Settled(symbols));
        foreach (var symbol in symbols)
        {
            _asked.Writer.TryWrite(symbol);
        }
    }

    /// <summary>Asks REST of markets that are listened to (again), until everything passes through.</summary>
    public Task AskAsync(CancellationToken cancellationToken) => Parallel.ForEachAsync(
        _asked.Reader.ReadAllAsync(cancellationToken),
        new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken },
        AskAsync);

    /// <summary>Passes on what was held, in its order, and whatever comes afterwards.</summary>
    public async Task OpenAsync(TradeCapture capture, CancellationToken cancellationToken)
    {
        while (true)
        {
            Func<TradeCapture, CancellationToken, ValueTask>? next;
            lock (_lock)
            {
                if (!_held.TryDequeue(out next))
                {
                    _capture = capture;
                    break;
                }
            }
            await next(capture, cancellationToken).ConfigureAwait(false);
        }
        _asked.Writer.TryComplete();
        _opened.TrySetResult();
    }

    private async ValueTask AskAsync(string symbol, CancellationToken cancellationToken)
    {
        if (Opened.IsCompleted)
        {
            return; // It is asked in its own turn, like all that finds no room here.
        }
        try
        {
            Hold(symbol, await rest.TradesAsync(symbol, cancellationToken).ConfigureAwait(false));
        }
        catch (WallexRestException away)
        {
            await Task.Delay(away.After ?? Retry, time, cancellationToken).ConfigureAwait(false);
            _asked.Writer.TryWrite(symbol);
        }
    }

    private bool TryHold(long socket, Said frame)
    {
        lock (_lock)
        {
            if (_capture is not null || _frames >= mostFrames || _bytes >= MostBytes)
            {
                return false;
            }
            _frames++;
            _bytes += frame.Bytes.Length;
            _held.Enqueue(async (capture, token) =>
            {
                await capture.HearAsync(socket, frame, token).ConfigureAwait(false);
                lock (_lock)
                {
                    _frames--;
                    _bytes -= frame.Bytes.Length;
                }
            });
            return true;
        }
    }

    private void Hold(string symbol, IReadOnlyList<TradeText> told)
    {
        lock (_lock)
        {
            if (_capture is null && _told < MostTold)
            {
                _told += told.Count;
                _held.Enqueue((capture, token) => capture.AnsweredAsync(symbol, told, token));
            }
        }
    }

    // Takes no room worth counting: a connection is made or lost.
    private void Tell(Action<TradeCapture> pass)
    {
        lock (_lock)
        {
            if (_capture is null)
            {
                _held.Enqueue((capture, _) =>
                {
                    pass(capture);
                    return ValueTask.CompletedTask;
                });
                return;
            }
        }
        pass(_capture);
    }
}
