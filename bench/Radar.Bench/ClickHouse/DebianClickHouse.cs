using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Radar.Market.ClickHouse;

namespace Radar.Bench.ClickHouse;

/// <summary>Debian's <c>clickhouse-server</c> (18.16) for a benchmark alone, where it is installed: a server of another hand than ours.</summary>
internal sealed class DebianClickHouse : IDisposable
{
    private static readonly string? Program = new[] { "/usr/sbin/clickhouse-server", "/usr/bin/clickhouse-server" }.FirstOrDefault(File.Exists);
    private readonly Process _process;

    private DebianClickHouse(Process process, int port)
    {
        _process = process;
        Server = new ServerOfBench(new ClickHouseOptions { Url = new Uri($"http://127.0.0.1:{port}") }, process.Id);
    }

    public ServerOfBench Server { get; }

    /// <summary>Starts it on an empty folder and waits until it answers; null: it is not installed.</summary>
    public static async Task<DebianClickHouse?> StartAsync(string folder, TimeProvider time, CancellationToken cancellationToken)
    {
        if (Program is null)
        {
            return null;
        }
        Directory.CreateDirectory(folder);
        var configuration = Path.Combine(folder, "config.xml");
        using var first = new TcpListener(IPAddress.Loopback, 0);
        using var second = new TcpListener(IPAddress.Loopback, 0);
        first.Start();
        second.Start();
        var (http, native) = (((IPEndPoint)first.LocalEndpoint).Port, ((IPEndPoint)second.LocalEndpoint).Port);
        first.Stop();
        second.Stop();
        await File.WriteAllTextAsync(configuration, Configuration(folder, http, native), cancellationToken);
        var server = new DebianClickHouse(Process.Start(Program, ["--config-file=" + configuration]), http);
        using var client = new ClickHouseClient(server.Server.Options, time);
        while (true)
        {
            try
            {
                await client.PingAsync(cancellationToken);
                return server;
            }
            catch (ClickHouseException) when (!server._process.HasExited)
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

    private static string Configuration(string folder, int http, int native) => string.Create(CultureInfo.InvariantCulture, $"""
        <yandex>
          <logger><level>warning</level><log>{folder}/server.log</log><errorlog>{folder}/error.log</errorlog></logger>
          <http_port>{http}</http_port>
          <tcp_port>{native}</tcp_port>
          <listen_host>127.0.0.1</listen_host>
          <path>{folder}/data/</path>
          <tmp_path>{folder}/tmp/</tmp_path>
          <mark_cache_size>104857600</mark_cache_size>
          <timezone>UTC</timezone>
          <users_config>{folder}/config.xml</users_config>
          <default_profile>default</default_profile>
          <default_database>default</default_database>
          <profiles><default></default></profiles>
          <quotas><default></default></quotas>
          <users>
            <default>
              <password></password>
              <networks><ip>127.0.0.1</ip></networks>
              <profile>default</profile>
              <quota>default</quota>
            </default>
          </users>
        </yandex>
        """);
}

/// <summary>A server that is measured.</summary>
internal sealed record ServerOfBench(ClickHouseOptions Options, int Pid);
