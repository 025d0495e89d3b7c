using System.Net.Sockets;

namespace Radar.Workers.Producing.Wallex;

/// <summary>
/// TCP connections whose end is noticed when the host at the other side is gone. It is asked by TCP's own keep-alive, which is answered beside what a connection
/// carries: a ping's answer would wait behind data that we are not ready to read.
/// </summary>
internal static class LivingHosts
{
    private const int TcpUserTimeout = 18; // Linux: how long what was sent may stay unacknowledged; without it a host counts as there for a quarter of an hour.
    private static readonly System.Collections.Concurrent.ConcurrentDictionary<(TimeSpan, TimeSpan), HttpMessageInvoker> Made = new();

    /// <summary>What dials such connections. A host that was silent for <see cref="WallexOptions.PingEvery"/> is asked, and has <see cref="WallexOptions.PongWithin"/>.</summary>
    public static HttpMessageInvoker Of(WallexOptions options) => Made.GetOrAdd((options.PingEvery, options.PongWithin), static times => new HttpMessageInvoker(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        ConnectCallback = async (context, cancellationToken) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                Ask(socket, times.Item1, times.Item2);
                await socket.ConnectAsync(context.DnsEndPoint, cancellationToken).ConfigureAwait(false);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },
    }));

    /// <summary>Whether a connection ended since the host did not answer.</summary>
    public static bool IsGone(Exception ended) => ended is SocketException { SocketErrorCode: SocketError.TimedOut } || (ended.InnerException is { } cause && IsGone(cause));

    private static void Ask(Socket socket, TimeSpan every, TimeSpan within)
    {
        const int Probes = 3;
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, Math.Max(1, (int)every.TotalSeconds));
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, Math.Max(1, (int)(within.TotalSeconds / Probes)));
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, Probes);
        if (OperatingSystem.IsLinux())
        {
            socket.SetRawSocketOption((int)SocketOptionLevel.Tcp, TcpUserTimeout, BitConverter.GetBytes((int)(every + within).TotalMilliseconds));
        }
    }
}
