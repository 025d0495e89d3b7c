using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Radar.Market.Topics;

namespace Radar.Embedded.Kafka;

/// <summary>
/// librdkafka's mock cluster at a fixed port: a real TCP endpoint with consumer groups and transactions, in memory. The mock listens on
/// a port of its own choice, so clients are sent to ours, and a forwarder stands between; after a restart they find the next mock there.
/// </summary>
public sealed class MockBroker : IAsyncDisposable
{
    /// <summary>What it cannot do, for people who are told that it runs.</summary>
    public const string Limits =
        "in memory (empty after a restart), keeps 5 MiB or 100,000 batches a partition, no topic creation by clients, no static membership";

    private const int Producer = 0;
    private const int OnlyBroker = 1;
    private readonly nint _client;
    private readonly nint _cluster;
    private readonly Forwarder _forwarder;

    private MockBroker(nint client, nint cluster, Forwarder forwarder)
    {
        _client = client;
        _cluster = cluster;
        _forwarder = forwarder;
    }

    /// <summary>Host and port for clients.</summary>
    public string BootstrapServers => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{_forwarder.Port}");

    /// <summary>Starts a broker.</summary>
    /// <param name="port">Loopback port; 0: any free one.</param>
    /// <param name="topics">Topics with their partitions.</param>
    public static MockBroker Start(int port, IReadOnlyDictionary<string, int> topics)
    {
        var error = new byte[512];
        var client = MockLibrary.NewClient(Producer, MockLibrary.NewConfiguration(), error, (nuint)error.Length);
        if (client == 0)
        {
            throw new EmbeddedException($"librdkafka made no client: {Encoding.UTF8.GetString(error).TrimEnd('\0')}");
        }
        var cluster = MockLibrary.NewCluster(client, 1);
        var bootstraps = Marshal.PtrToStringUTF8(MockLibrary.Bootstraps(cluster))!;
        var mockPort = int.Parse(bootstraps[(bootstraps.LastIndexOf(':') + 1)..], CultureInfo.InvariantCulture);
        var forwarder = Forwarder.Start(port, mockPort);
        MockLibrary.SetHostPort(cluster, OnlyBroker, "127.0.0.1", forwarder.Port);
        foreach (var (topic, partitions) in topics.Append(new(TopicIncarnation.NewMarker(), 1)))
        {
            var code = MockLibrary.CreateTopic(cluster, topic, partitions, 1);
            if (code != 0)
            {
                throw new EmbeddedException($"The mock broker refused topic '{topic}' with {partitions} partitions (error {code}).");
            }
        }
        return new MockBroker(client, cluster, forwarder);
    }

    /// <summary>Answers the next requests of a kind with these errors, one each; the client that asks hears them as a real broker's.</summary>
    /// <param name="request">The protocol's key of the request: 0 Produce, 1 Fetch, 8 OffsetCommit, 12 Heartbeat and so on.</param>
    /// <param name="errors">Codes of the protocol.</param>
    public void Fail(short request, params int[] errors) => MockLibrary.PushErrors(_cluster, request, (nuint)errors.Length, errors);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _forwarder.DisposeAsync();
        MockLibrary.DestroyCluster(_cluster);
        MockLibrary.DestroyClient(_client);
    }
}
