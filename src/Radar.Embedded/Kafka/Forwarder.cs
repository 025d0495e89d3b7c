using System.Net;
using System.Net.Sockets;

namespace Radar.Embedded.Kafka;

/// <summary>Carries every connection to one loopback port over to another.</summary>
internal sealed class Forwarder : IAsyncDisposable
{
    private const int BufferBytes = 64 * 1024;
    private readonly CancellationTokenSource _stop = new();
    private readonly Socket _listener;
    private readonly int _target;
    private readonly Task _accepting;

    private Forwarder(Socket listener, int target)
    {
        _listener = listener;
        _target = target;
        _accepting = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    /// <summary>Listens on a port, 0 for any free one.</summary>
    /// <exception cref="EmbeddedException">The port is taken.</exception>
    public static Forwarder Start(int port, int target)
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
            listener.Listen(128);
        }
        catch (SocketException ex)
        {
            listener.Dispose();
            throw new EmbeddedException($"Port {port} on 127.0.0.1 cannot be listened on ({ex.SocketErrorCode}): another program has it.", ex);
        }
        return new Forwarder(listener, target);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = CarryAsync(await _listener.AcceptAsync(_stop.Token));
            }
        }
        catch (Exception ex) when (ex is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private async Task CarryAsync(Socket client)
    {
        using (client)
        using (var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            try
            {
                client.NoDelay = server.NoDelay = true;
                await server.ConnectAsync(new IPEndPoint(IPAddress.Loopback, _target), _stop.Token);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
                await Task.WhenAny(CopyAsync(client, server, either.Token), CopyAsync(server, client, either.Token));
                await either.CancelAsync();
            }
            catch (Exception ex) when (ex is OperationCanceledException or SocketException)
            {
                // One side went away: closing both tells the other.
            }
        }
    }

    private static async Task CopyAsync(Socket from, Socket to, CancellationToken cancellationToken)
    {
        var buffer = new byte[BufferBytes];
        try
        {
            int read;
            while ((read = await from.ReceiveAsync(buffer, cancellationToken)) > 0)
            {
                for (var sent = 0; sent < read;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, read - sent), cancellationToken);
                }
            }
        }
        catch (Exception ex) when (ex is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The end of this direction ends the connection.
        }
    }
}
