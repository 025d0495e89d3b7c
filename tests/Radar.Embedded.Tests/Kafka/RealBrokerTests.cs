using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Radar.Embedded.Kafka;

namespace Radar.Embedded.Tests.Kafka;

public sealed class RealBrokerTests(RealKafkaFixture kafka) : IClassFixture<RealKafkaFixture>
{
    [SharedFact(RealKafkaFixture.Needs)]
    public async Task KilledByMinusNine_StartedAgain_KeepsRecordsAndClients()
    {
        using var client = new BrokerClient(kafka.BootstrapServers);
        await Eventually.TrueAsync(() => client.ProducesAsync("before"), Patience.Long, "a record before");
        await kafka.KillAsync();
        await kafka.StartAgainAsync();

        await Eventually.TrueAsync(() => client.Receives("before"), Patience.Long, "the record from before");
        await Eventually.TrueAsync(() => client.ProducesAsync("after"), Patience.Long, "the running producer to find it again");
        await Eventually.TrueAsync(() => client.Receives("after"), Patience.Long, "the running consumer to find it again");
    }

    [SharedFact(RealKafkaFixture.Needs)]
    public async Task HostProcess_KilledByMinusNine_LeavesNoJvmAndItsSuccessorComesUp()
    {
        using var folder = new TemporaryFolder();
        var environment = new Dictionary<string, string?> { [RealBroker.HomeVariable] = SharedFolder.Of("kafka") };
        var port = FreePort.Next();
        string[] arguments = ["kafka", "--state", folder.Path, "--port", $"{port}", "--topic", "BTCUSDT:1"];
        var file = folder.In("kafka", "broker.process");
        ProcessIdentity? first;
        using (var host = EmbeddedProcess.Start(environment, arguments))
        {
            await Eventually.TrueAsync(() => Broker(file) is { IsAlive: true }, Patience.Long, "the broker's process");
            first = Broker(file);
            await host.KillAsync();
        }

        // Somebody else takes the controller's port meanwhile.
        await Eventually.TrueAsync(() => !first!.Value.IsAlive, Patience.Long, "the JVM to follow its host");
        using var other = new TcpListener(IPAddress.Loopback, int.Parse(await File.ReadAllTextAsync(folder.In("kafka", "controller-port")), CultureInfo.InvariantCulture));
        other.Start();
        using var successor = EmbeddedProcess.Start(environment, arguments);
        await Eventually.TrueAsync(() => Broker(file) is { IsAlive: true } now && now != first, Patience.Long, "the next broker's process");
        var second = Broker(file);
        using var client = new BrokerClient($"127.0.0.1:{port}");
        await Eventually.TrueAsync(() => client.ProducesAsync("after"), Patience.Long, "a record");
        await successor.KillAsync();
        await Eventually.TrueAsync(() => !second!.Value.IsAlive, Patience.Long, "the JVM to follow its host");
    }

    [Fact]
    public async Task Verb_HomeWithoutLibs_NamesItAndFails()
    {
        using var folder = new TemporaryFolder();
        var environment = new Dictionary<string, string?> { [RealBroker.HomeVariable] = folder.Path };
        using var host = EmbeddedProcess.Start(environment, "kafka", "--state", folder.Path, "--port", $"{FreePort.Next()}", "--topic", "BTCUSDT:1");
        await host.WaitForExitAsync();
        Assert.NotEqual(0, host.ExitCode);
        Assert.Contains($"RADAR_KAFKA_HOME is '{folder.Path}'", await host.Errors, StringComparison.Ordinal);
    }

    private static ProcessIdentity? Broker(string file) => File.Exists(file) ? ProcessIdentity.Parse(File.ReadAllText(file)) : null;
}
