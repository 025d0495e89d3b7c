using System.Net;
using System.Net.Sockets;

namespace Radar.Jobs.Tests;

/// <summary>Stands before PostgreSQL and can take it away: cut, every connection breaks and none is accepted.</summary>
internal sealed class PostgresProxy : IAsyncDisposable
{
    private readonly string _host;
    private readonly int _target;
    private readonly List<Socket> _open = [];
    private readonly Lock _gate = new();
    private TcpListener? _listener;
    private Task _accepting = Task.CompletedTask;

    public PostgresProxy(string host, int port)
    {
        (_host, _target) = (host, port);
        Restore();
    }

    public int Port { get; private set; }

    public void Restore()
    {
        _listener = new(IPAddress.Loopback, Port);
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAsync(_listener);
    }

    public async Task CutAsync()
    {
        _listener!.Stop();
        await _accepting;
        lock (_gate)
        {
            _open.ForEach(s => s.Dispose());
            _open.Clear();
        }
    }

    public async ValueTask DisposeAsync() => await CutAsync();

    private async Task AcceptAsync(TcpListener listener)
    {
        try
        {
            while (true)
            {
                var near = await listener.AcceptSocketAsync();
                var far = new Socket(SocketType.Stream, ProtocolType.Tcp);
                lock (_gate)
                {
                    _open.AddRange([near, far]);
                }

                await far.ConnectAsync(_host, _target);
                _ = PumpAsync(near, far);
                _ = PumpAsync(far, near);
            }
        }
        catch (Exception stopped) when (stopped is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Cut.
        }
    }

    private static async Task PumpAsync(Socket from, Socket to)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer) is > 0 and var read)
            {
                await to.SendAsync(buffer.AsMemory(0, read));
            }

            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception cut) when (cut is SocketException or ObjectDisposedException)
        {
            from.Dispose();
            to.Dispose();
        }
    }
}
