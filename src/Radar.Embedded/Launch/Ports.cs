using System.Net;
using System.Net.Sockets;

namespace Radar.Embedded.Launch;

/// <summary>Loopback ports.</summary>
internal static class Ports
{
    /// <summary>The dashboard's port, when it is free.</summary>
    public const int Dashboard = 8321;

    /// <summary>Whether nobody listens there.</summary>
    public static bool IsFree(int port)
    {
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            // Not ReuseAddress: .NET takes that for SO_REUSEPORT too, and would share the port with whoever listens.
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            socket.Listen();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>
    /// Some free port, below those from which the kernel takes the near end of outgoing connections: one of them might be gone again before
    /// a service listens on it.
    /// </summary>
    public static int Free()
    {
        while (true)
        {
            var port = Random.Shared.Next(20_000, 32_000);
            if (IsFree(port))
            {
                return port;
            }
        }
    }
}
