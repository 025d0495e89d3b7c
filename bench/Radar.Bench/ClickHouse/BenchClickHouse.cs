using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Radar.Embedded;
using Radar.Market.ClickHouse;

namespace Radar.Bench.ClickHouse;

/// <summary>ClickHouse's engine for a benchmark alone, in a process of its own.</summary>
internal sealed class BenchClickHouse : IDisposable
{
    private readonly Process _process;

    private BenchClickHouse(Process process, int port)
    {
        _process = process;
        Options = new ClickHouseOptions { Url = new Uri($"http://127.0.0.1:{port}") };
    }

    public ClickHouseOptions Options { get; }

    /// <summary>Its process.</summary>
    public int Pid => _process.Id;

    /// <summary>Megabytes of memory that it has now.</summary>
    public long Megabytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64 / (1024 * 1024);
        }
    }

    /// <summary>Starts it on an empty folder and waits until it answers.</summary>
    public static async Task<BenchClickHouse> StartAsync(string folder, TimeProvider time, CancellationToken cancellationToken)
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var port = ((IPEndPoint)probe.LocalEndpoint).Port;
        probe.Stop();
        var process = Process.Start(
            "dotnet",
            [RepositoryRoot.Program("Radar.Embedded", "radar-embedded"), "clickhouse", "--state", folder, "--port", port.ToString(CultureInfo.InvariantCulture)]);
        var server = new BenchClickHouse(process, port);
        using var client = new ClickHouseClient(server.Options, time);
        while (true)
        {
            try
            {
                await client.PingAsync(cancellationToken);
                return server;
            }
            catch (ClickHouseException) when (!process.HasExited)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), time, cancellationToken);
            }
        }
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
