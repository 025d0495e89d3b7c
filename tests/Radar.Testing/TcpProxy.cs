using System.Net;
using System.Net.Sockets;

namespace Radar.Testing;

/// <summary>Stands before a server and spoils the way to it: slow, half open, or gone.</summary>
public sealed class TcpProxy : IAsyncDisposable
{
    private const int Piece = 1_024;
    private readonly string _host;
    private readonly List<Passage> _open = [];
    private readonly Lock _gate = new();
    private TcpListener? _listener;
    private Task _accepting = Task.CompletedTask;
    private bool _silent;
    private volatile int _bytesPerSecond = int.MaxValue;

    /// <param name="host">Host of the server.</param>
    /// <param name="target">Its port.</param>
    /// <param name="port">Our port; 0: any free one.</param>
    public TcpProxy(string host, int target, int port = 0)
    {
        (_host, Target, Port) = (host, target, port);
        Restore();
    }

    /// <summary>Port of the server.</summary>
    public int Target { get; }

    /// <summary>Port for clients.</summary>
    public int Port { get; private set; }

    /// <summary>Lets everything through again. Connections that were made silent stay so: nobody who holds one is told.</summary>
    public void Restore()
    {
        lock (_gate)
        {
            (_silent, _bytesPerSecond) = (false, int.MaxValue);
        }
        if (_listener is null)
        {
            _listener = new TcpListener(IPAddress.Loopback, Port);
            _listener.Start();
            Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
            _accepting = AcceptAsync(_listener);
        }
    }

    /// <summary>Each connection passes so many bytes a second, each way.</summary>
    public void Slow(int bytesPerSecond) => _bytesPerSecond = bytesPerSecond;

    /// <summary>Half open: every connection that there is, and every one that comes, stays open and passes nothing any more.</summary>
    public void Silence()
    {
        lock (_gate)
        {
            _silent = true;
            _open.ForEach(passage => passage.IsSilent = true);
        }
    }

    /// <summary>Every connection breaks and none is accepted.</summary>
    public async Task CutAsync()
    {
        if (_listener is { } listener)
        {
            _listener = null;
            listener.Stop();
            await _accepting;
        }
        lock (_gate)
        {
            _open.ForEach(passage => passage.Dispose());
            _open.Clear();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await CutAsync();

    private async Task AcceptAsync(TcpListener listener)
    {
        try
        {
            while (true)
            {
                var passage = new Passage(await listener.AcceptSocketAsync());
                lock (_gate)
                {
                    passage.IsSilent = _silent;
                    _open.RemoveAll(old => old.IsOver);
                    _open.Add(passage);
                }
                _ = ServeAsync(passage);
            }
        }
        catch (Exception stopped) when (stopped is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Cut.
        }
    }

    private async Task ServeAsync(Passage passage)
    {
        try
        {
            await passage.Far.ConnectAsync(_host, Target);
            await Task.WhenAll(PumpAsync(passage, passage.Near, passage.Far), PumpAsync(passage, passage.Far, passage.Near));
        }
        catch (Exception cut) when (cut is SocketException or ObjectDisposedException)
        {
            // Either end went.
        }
        passage.Dispose();
    }

    private async Task PumpAsync(Passage passage, Socket from, Socket to)
    {
        try
        {
            var buffer = new byte[16 * 1024];
            while (await from.ReceiveAsync(buffer.AsMemory(0, _bytesPerSecond == int.MaxValue ? buffer.Length : Piece)) is > 0 and var read)
            {
                if (passage.IsSilent)
                {
                    await passage.Over; // Whatever was sent is on its way for ever.
                    return;
                }
                if (_bytesPerSecond is < int.MaxValue and var rate)
                {
                    await Task.Delay(TimeSpan.FromSeconds((double)read / rate), TimeProvider.System);
                }
                await to.SendAsync(buffer.AsMemory(0, read));
            }
            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception cut) when (cut is SocketException or ObjectDisposedException)
        {
            passage.Dispose();
        }
    }

    private sealed class Passage(Socket near) : IDisposable
    {
        private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile bool _silent;

        public Socket Near { get; } = near;

        public Socket Far { get; } = new(SocketType.Stream, ProtocolType.Tcp);

        public Task Over => _over.Task;

        public bool IsOver => _over.Task.IsCompleted;

        public bool IsSilent
        {
            get => _silent;
            set => _silent = value;
        }

        public void Dispose()
        {
            _over.TrySetResult();
            Near.Dispose();
            Far.Dispose();
        }
    }
}
