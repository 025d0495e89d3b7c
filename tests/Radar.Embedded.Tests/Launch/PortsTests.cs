using System.Net;
using System.Net.Sockets;
using Radar.Embedded.Launch;

namespace Radar.Embedded.Tests.Launch;

public sealed class PortsTests
{
    private static readonly string[] Services = ["postgres", "kafka", "exchange", "scheduler", "clickhouse"];

    [Fact]
    public void Choose_AskedForPortIsAnothers_MovesTheOther()
    {
        var port = Ports.Free();
        var chosen = Ports.Choose(Services, new Dictionary<string, int> { ["kafka"] = port, ["postgres"] = port }, port);
        Assert.Equal(port, chosen["scheduler"]);
        Assert.Equal(Services.Length, chosen.Values.Distinct().Count());
    }

    [Fact]
    public void Choose_KnownPorts_KeepsThoseThatAreFree()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var (busy, free) = (((IPEndPoint)taken.LocalEndpoint).Port, Ports.Free());
        var chosen = Ports.Choose(Services, new Dictionary<string, int> { ["kafka"] = free, ["exchange"] = busy }, null);
        Assert.Equal(free, chosen["kafka"]);
        Assert.NotEqual(busy, chosen["exchange"]);
    }

    [Fact]
    public void Choose_ServiceThatDoesNotRunThisTime_KeepsItsPortForTheNext()
    {
        var port = Ports.Free();
        var chosen = Ports.Choose(["kafka"], new Dictionary<string, int> { ["kafka"] = port, ["clickhouse"] = port }, null);
        Assert.Equal(port, chosen["clickhouse"]);
        Assert.NotEqual(port, chosen["kafka"]);
    }
}
