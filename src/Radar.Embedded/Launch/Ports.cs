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
    /// <param name="except">Ports that are meant for something already, whether it listens yet or not.</param>
    public static int Free(params IReadOnlyCollection<int> except)
    {
        while (true)
        {
            var port = Random.Shared.Next(20_000, 32_000);
            if (!except.Contains(port) && IsFree(port))
            {
                return port;
            }
        }
    }

    /// <summary>
    /// A port for every service: the one asked for, those of the last start where they are still free, and others, each given once.
    /// </summary>
    /// <param name="services">Services that run this time.</param>
    /// <param name="known">Ports of the last start, by service.</param>
    /// <param name="dashboard">Asked for with --port, or null.</param>
    /// <exception cref="EmbeddedException">The port asked for is taken.</exception>
    public static IReadOnlyDictionary<string, int> Choose(IReadOnlyList<string> services, IReadOnlyDictionary<string, int> known, int? dashboard)
    {
        var ports = known.ToDictionary();
        if (dashboard is { } asked)
        {
            if (!IsFree(asked))
            {
                throw new EmbeddedException($"Port {asked} (--port) is taken by another program: choose another, or leave --port out.");
            }
            ports["scheduler"] = asked;
        }
        foreach (var service in services)
        {
            var others = ports.Where(port => port.Key != service).Select(port => port.Value).ToList();
            if (service == "scheduler" && dashboard is not null)
            {
                continue;
            }
            if (!ports.TryGetValue(service, out var port) || others.Contains(port) || !IsFree(port))
            {
                ports[service] = service == "scheduler" && !others.Contains(Dashboard) && IsFree(Dashboard) ? Dashboard : Free(others);
            }
        }
        return ports;
    }
}
