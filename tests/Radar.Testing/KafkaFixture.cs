using Radar.Embedded.Kafka;
using Xunit;

namespace Radar.Testing;

/// <summary>librdkafka's mock broker in this process, at one port for as long as the fixture lives.</summary>
public sealed class KafkaFixture : IAsyncLifetime
{
    private readonly int _port = FreePort.Next();
    private MockBroker? _broker;

    /// <summary>Host and port, the same after a restart.</summary>
    public string BootstrapServers => $"127.0.0.1:{_port}";

    /// <summary>Topics it has, with their partitions.</summary>
    public Dictionary<string, int> Topics { get; } = new(StringComparer.Ordinal) { ["BTCUSDT"] = 1 };

    /// <inheritdoc/>
    public Task InitializeAsync()
    {
        _broker = MockBroker.Start(_port, Topics);
        return Task.CompletedTask;
    }

    /// <summary>Ends the broker; connections break and nothing listens any more.</summary>
    public async Task StopAsync()
    {
        if (_broker is { } broker)
        {
            _broker = null;
            await broker.DisposeAsync();
        }
    }

    /// <summary>Another broker in its place, empty.</summary>
    public async Task RestartEmptyAsync()
    {
        await StopAsync();
        await InitializeAsync();
    }

    /// <inheritdoc/>
    public Task DisposeAsync() => StopAsync();
}
