using System.Runtime.InteropServices;
using Radar.Embedded.Kafka;
using Xunit;

namespace Radar.Testing;

/// <summary>
/// Apache Kafka from the shared folder, at one port and on one data folder for as long as the fixture lives. Where the shared folder
/// has none nothing is started: its tests are <c>[SharedFact(RealKafkaFixture.Needs)]</c>.
/// </summary>
public sealed partial class RealKafkaFixture : IAsyncLifetime
{
    /// <summary>What the shared folder must have.</summary>
    public const string Needs = "kafka/libs";

    private readonly string _folder = Directory.CreateTempSubdirectory("radar-kafka-").FullName;
    private readonly int _port = FreePort.Next();
    private RealBroker? _broker;

    /// <summary>Host and port, the same after a restart.</summary>
    public string BootstrapServers => $"127.0.0.1:{_port}";

    /// <summary>The port that clients are sent to, where a proxy stands before the broker.</summary>
    public int? AdvertisedPort { get; set; }

    /// <summary>Topics that are made at start, with their partitions.</summary>
    public Dictionary<string, int> Topics { get; } = new(StringComparer.Ordinal) { ["BTCUSDT"] = 1 };

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        if (SharedFolder.Has(Needs))
        {
            _broker = await RealBroker.StartAsync(SharedFolder.Of("kafka"), _folder, _port, Topics, TimeProvider.System, CancellationToken.None, AdvertisedPort);
        }
    }

    /// <summary>kill -9 of the broker.</summary>
    public async Task KillAsync()
    {
        _ = Signal(_broker!.Pid, 9);
        await _broker.WaitForExitAsync(CancellationToken.None);
        await _broker.DisposeAsync();
        _broker = null;
    }

    /// <summary>The broker again, on the data it had.</summary>
    public Task StartAgainAsync() => InitializeAsync();

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        if (_broker is { } broker)
        {
            await broker.DisposeAsync();
        }
        Directory.Delete(_folder, recursive: true);
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Signal(int pid, int signal);
}
