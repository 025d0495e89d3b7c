using System.Net.WebSockets;
using System.Text;
using System.Threading.Channels;

namespace Radar.Embedded.Exchange.Wallex;

/// <summary>One connection.</summary>
internal sealed class WallexSession(long id, WebSocket socket, IWallexDialect dialect, WallexHub hub, WallexSettings settings, TimeProvider time)
    : IDisposable
{
    private const int LongestMessage = 64 * 1024;
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(10);

    private readonly Channel<ReadOnlyMemory<byte>> _outgoing = Channel.CreateBounded<ReadOnlyMemory<byte>>(
        new BoundedChannelOptions(settings.QueuedFrames) { SingleReader = true }); // Full: whoever reads so slowly is dropped.
    private readonly CancellationTokenSource _end = new();
    private readonly CancellationTokenSource _gone = new(); // Cancelling what a socket does breaks it, so that comes last.
    private string? _how;
    private bool _abruptly;

    /// <summary>Its number.</summary>
    public long Id => id;

    /// <summary>v1 or v2.</summary>
    public string Protocol => dialect.Name;

    /// <summary>Frames that wait for the socket.</summary>
    public int Queued => _outgoing.Reader.Count;

    /// <summary>Lives until either side ends it, it is too slow, or its time is over.</summary>
    public async Task RunAsync(TimeSpan life, bool lifeEndsAbruptly, CancellationToken stop)
    {
        hub.Enter(this);
        using var stopped = stop.Register(() => End("shutdown", abruptly: true));
        dialect.Begin(this);
        Task receiving = ReceiveAsync(), sending = SendAsync();
        Task[] timers = [EndAfterAsync(life, lifeEndsAbruptly), PingAsync()];
        await Task.WhenAny([receiving, sending, .. timers]);
        End("left", abruptly: false);
        hub.Leave(this, _how!);
        await CloseAsync(receiving, sending);
        await _gone.CancelAsync();
        await Task.WhenAll([receiving, sending, .. timers]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Sends a frame when its turn comes.</summary>
    public bool TrySend(WallexFrame frame) => TrySend(dialect.Encode(frame));

    /// <summary>Sends a message when its turn comes.</summary>
    /// <returns>False: the client is too far behind, and is dropped.</returns>
    public bool TrySend(ReadOnlyMemory<byte> message)
    {
        if (_outgoing.Writer.TryWrite(message))
        {
            return true;
        }
        End("slow", abruptly: true);
        return false;
    }

    /// <summary>Sends a message when its turn comes.</summary>
    public bool TrySend(string message) => TrySend(Encoding.UTF8.GetBytes(message));

    /// <summary>Ends the connection. The first reason counts.</summary>
    public void End(string how, bool abruptly)
    {
        if (Interlocked.CompareExchange(ref _how, how, null) is null)
        {
            _abruptly = abruptly;
            _outgoing.Writer.TryComplete();
            _ = _end.CancelAsync(); // Not here and now: the hub may hold its lock.
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _end.Dispose();
        _gone.Dispose();
    }

    private async Task ReceiveAsync()
    {
        var buffer = new byte[LongestMessage];
        var length = 0;
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(length), _gone.Token);
            length += received.Count;
            if (received.MessageType == WebSocketMessageType.Close || length == buffer.Length)
            {
                return;
            }
            if (received.EndOfMessage)
            {
                if (!dialect.Receive(this, buffer.AsSpan(0, length)))
                {
                    End("bad message", abruptly: false);
                    return;
                }
                length = 0;
            }
        }
    }

    private async Task SendAsync()
    {
        var several = new List<ReadOnlyMemory<byte>>();
        while (await _outgoing.Reader.WaitToReadAsync(_gone.Token))
        {
            several.Clear();
            while (several.Count < dialect.MostInAMessage && _outgoing.Reader.TryRead(out var next))
            {
                several.Add(next);
            }
            for (var i = 0; i < several.Count; i++)
            {
                if (i > 0)
                {
                    await socket.SendAsync("\n"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: false, _gone.Token);
                }
                await socket.SendAsync(several[i], WebSocketMessageType.Text, endOfMessage: i == several.Count - 1, _gone.Token);
            }
        }
    }

    private async Task EndAfterAsync(TimeSpan life, bool abruptly)
    {
        await Task.Delay(life, time, _end.Token);
        if (life < settings.CutAfter && hub.Drops)
        {
            End("drop", abruptly);
            return;
        }
        await Task.Delay(settings.CutAfter - life, time, _end.Token);
        End("cut", abruptly: false);
    }

    private async Task PingAsync()
    {
        for (var number = 1; ; number++)
        {
            await Task.Delay(settings.Ping, time, _end.Token);
            if (dialect.Ping(this, number) is { } problem)
            {
                End(problem, abruptly: false);
                return;
            }
        }
    }

    // What was said before the end goes out before the goodbye.
    private async Task CloseAsync(Task receiving, Task sending)
    {
        if (!_abruptly)
        {
            try
            {
                using var words = new CancellationTokenSource(LastWords, time);
                await sending.WaitAsync(words.Token);
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, _how, words.Token);
                await receiving.WaitAsync(words.Token);
                return;
            }
            catch (Exception ex) when (ex is WebSocketException or OperationCanceledException or IOException or InvalidOperationException)
            {
                // It does not listen any more.
            }
        }
        socket.Abort();
    }
}
