using Radar.Embedded.Launch;

namespace Radar.Testing;

/// <summary>Loopback ports that nobody listens on.</summary>
public static class FreePort
{
    /// <summary>One of them.</summary>
    public static int Next() => Ports.Free();
}
