using System.Net;
using System.Net.Sockets;
using Confluent.Kafka;
using Radar.Embedded.Kafka;

namespace Radar.Embedded.Tests.Kafka;

public sealed class MockBrokerTests(KafkaFixture kafka) : IClassFixture<KafkaFixture>
{
    [Fact]
    public async Task RestartedEmpty_RunningClients_FindItAgainAtTheSameAddress()
    {
        using var client = new BrokerClient(kafka.BootstrapServers);
        await Eventually.TrueAsync(() => client.ProducesAsync("before"), Patience.Long, "a record before");
        await Eventually.TrueAsync(() => client.Receives("before"), Patience.Long, "that record");

        await kafka.StopAsync();
        Assert.False(await client.ProducesAsync("lost"));
        await kafka.InitializeAsync();

        await Eventually.TrueAsync(() => client.ProducesAsync("after"), Patience.Long, "the running producer to find the next broker");
        // The consumer is at offset 1 of a topic that begins anew: what it reads next is not what came next.
        await Eventually.TrueAsync(
            async () => await client.ProducesAsync("after") && client.Receives("after"), Patience.Long, "the running consumer to find the next broker");
    }

    [Fact]
    public async Task Start_TopicsWithPartitions_HasThem()
    {
        await using var broker = MockBroker.Start(0, new Dictionary<string, int> { ["ONE"] = 1, ["THREE"] = 3 });
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = broker.BootstrapServers }).Build();
        var topics = admin.GetMetadata(TimeSpan.FromSeconds(30)).Topics.ToDictionary(topic => topic.Topic, topic => topic.Partitions.Count);
        Assert.Equal(1, topics["ONE"]);
        Assert.Equal(3, topics["THREE"]);
    }

    [Fact]
    public void Start_PortTaken_NamesIt()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        var problem = Assert.Throws<EmbeddedException>(() => MockBroker.Start(port, new Dictionary<string, int>()));
        Assert.Contains($"{port}", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verb_TopicWithoutPartitions_NamesItAndFails()
    {
        using var folder = new TemporaryFolder();
        var (exitCode, output) = await EmbeddedProcess.RunAsync("kafka", "--state", folder.Path, "--port", $"{FreePort.Next()}", "--topic", "BTCUSDT:none");
        Assert.NotEqual(0, exitCode);
        Assert.Contains("BTCUSDT:none", output, StringComparison.Ordinal);
    }
}
