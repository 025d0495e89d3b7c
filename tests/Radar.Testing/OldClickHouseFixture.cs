using System.Globalization;
using Radar.Embedded.Launch;
using Radar.Embedded.Processes;
using Radar.Market.ClickHouse;
using Xunit;

namespace Radar.Testing;

/// <summary>A test that needs Debian's <c>clickhouse-server</c>, and is skipped by name where it is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OldClickHouseFactAttribute : FactAttribute
{
    /// <summary>Looks for it.</summary>
    public OldClickHouseFactAttribute()
    {
        if (OldClickHouseFixture.Program is null)
        {
            Skip = "clickhouse-server is not installed (Debian's package of that name).";
        }
    }
}

/// <summary>
/// Debian's ClickHouse server of 2018: old, but of another hand than ours, so that our client is not only tested against itself. Where it
/// is not installed nothing is started: its tests are <see cref="OldClickHouseFactAttribute"/>.
/// </summary>
public sealed class OldClickHouseFixture : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private readonly string _folder = Directory.CreateTempSubdirectory("radar-old-clickhouse-").FullName;
    private readonly int _port = FreePort.Next();
    private readonly int _nativePort = FreePort.Next();
    private WatchedProcess? _process;

    /// <summary>The program, or null where there is none.</summary>
    public static string? Program { get; } = new[] { "/usr/sbin/clickhouse-server", "/usr/bin/clickhouse-server" }.FirstOrDefault(File.Exists);

    /// <summary>Settings of clients, with the address.</summary>
    public ClickHouseOptions Options => new() { Url = new Uri($"http://127.0.0.1:{_port}"), Password = "open sesame" };

    /// <summary>Where it speaks its native protocol.</summary>
    public Uri NativeAddress => new($"http://127.0.0.1:{_nativePort}");

    /// <summary>A client of the server.</summary>
    public ClickHouseClient CreateClient() => new(Options, TimeProvider.System);

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        if (Program is null)
        {
            return;
        }
        var configuration = Path.Combine(_folder, "config.xml");
        await File.WriteAllTextAsync(configuration, Configuration());
        var log = Path.Combine(_folder, "server.log");
        _process = WatchedProcess.Start(null, "KILL", log, Program, "--config-file=" + configuration);
        using var client = CreateClient();
        using var deadline = new CancellationTokenSource(Patience, TimeProvider.System);
        while (true)
        {
            if (_process.HasExited)
            {
                throw new InvalidOperationException($"clickhouse-server ended with exit code {_process.ExitCode}:\n{await File.ReadAllTextAsync(log)}");
            }
            try
            {
                await client.PingAsync(deadline.Token);
                return;
            }
            catch (ClickHouseException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, deadline.Token);
            }
        }
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        if (_process is { } process)
        {
            Signals.Kill(process.Pid);
            await process.WaitForExitAsync(CancellationToken.None);
            process.Dispose();
        }
        Directory.Delete(_folder, recursive: true);
    }

    private string Configuration() => string.Create(CultureInfo.InvariantCulture, $"""
        <yandex>
          <logger><level>warning</level><console>1</console></logger>
          <http_port>{_port}</http_port>
          <tcp_port>{_nativePort}</tcp_port>
          <listen_host>127.0.0.1</listen_host>
          <path>{_folder}/data/</path>
          <tmp_path>{_folder}/tmp/</tmp_path>
          <mark_cache_size>104857600</mark_cache_size>
          <timezone>UTC</timezone>
          <users_config>{_folder}/config.xml</users_config>
          <default_profile>default</default_profile>
          <default_database>default</default_database>
          <profiles><default></default></profiles>
          <quotas><default></default></quotas>
          <users>
            <default>
              <password>{Options.Password}</password>
              <networks><ip>127.0.0.1</ip></networks>
              <profile>default</profile>
              <quota>default</quota>
            </default>
          </users>
        </yandex>
        """);
}
