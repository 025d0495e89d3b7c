using Confluent.Kafka;
using Radar.Embedded.Kafka;
using Radar.Market.Topics;
using Radar.Testing;

namespace Radar.Market.Tests.Topics;

public sealed class BrokerTests
{
    [Fact]
    public async Task Publish_ToTheMockBroker_ArrivesWholeAndInOrder()
    {
        await using var broker = MockBroker.Start(FreePort.Next(), new Dictionary<string, int> { ["BTCUSDT"] = 1 });
        await PublishAndReadAsync(broker.BootstrapServers);
    }

    [SharedFact("kafka/libs")]
    public async Task Publish_ToARealBroker_ArrivesWholeAndInOrder()
    {
        var folder = Directory.CreateTempSubdirectory("radar-kafka-").FullName;
        try
        {
            await using var broker = await RealBroker.StartAsync(
                SharedFolder.Of("kafka"), folder, FreePort.Next(), new Dictionary<string, int>(), TimeProvider.System, default);
            await TopicSetup.EnsureAsync(broker.BootstrapServers, "BTCUSDT", 1, default);
            await TopicSetup.EnsureAsync(broker.BootstrapServers, "BTCUSDT", 1, default);
            await PublishAndReadAsync(broker.BootstrapServers);
            await TopicSetup.EnsureAsync(broker.BootstrapServers, "ETHUSDT", 3, default);
            var first = await TopicIncarnation.ReadAsync(broker.BootstrapServers, "ETHUSDT", default);
            Assert.Equal(first, await TopicIncarnation.ReadAsync(broker.BootstrapServers, "ETHUSDT", default));
            using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = broker.BootstrapServers }).Build();
            Assert.Equal(3, admin.GetMetadata("ETHUSDT", TimeSpan.FromSeconds(10)).Topics[0].Partitions.Count);
            await admin.DeleteTopicsAsync(["ETHUSDT"]);
            await Eventually(async () =>
            {
                await TopicSetup.EnsureAsync(broker.BootstrapServers, "ETHUSDT", 3, default);
                return await TopicIncarnation.ReadAsync(broker.BootstrapServers, "ETHUSDT", default) != first;
            });
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Incarnation_MockBrokerStartedAgain_IsAnotherOne()
    {
        var topics = new Dictionary<string, int> { ["BTCUSDT"] = 1 };
        var port = FreePort.Next();
        string first;
        await using (var broker = MockBroker.Start(port, topics))
        {
            first = await TopicIncarnation.ReadAsync(broker.BootstrapServers, "BTCUSDT", default);
            Assert.Equal(first, await TopicIncarnation.ReadAsync(broker.BootstrapServers, "BTCUSDT", default));
        }
        await using var again = MockBroker.Start(port, topics);
        Assert.NotEqual(first, await TopicIncarnation.ReadAsync(again.BootstrapServers, "BTCUSDT", default));
    }

    [Fact]
    public async Task Publish_NobodyAnswers_IsTransientAndNamesBrokerAndSetting()
    {
        var nobody = $"127.0.0.1:{FreePort.Next()}";
        using var publisher = new CandlePublisher(nobody, TimeSpan.FromSeconds(1));
        var problem = await Assert.ThrowsAsync<BrokerException>(() => publisher.PublishAsync("BTCUSDT", GoldenFiles.Candles64, default));
        Assert.True(problem.IsTransient);
        Assert.Contains(nobody, problem.Message, StringComparison.Ordinal);
        Assert.Contains("Radar:Kafka:BootstrapServers", problem.Message, StringComparison.Ordinal);
        using var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => publisher.PublishAsync("BTCUSDT", GoldenFiles.Candles64, soon.Token));
    }

    private static async Task PublishAndReadAsync(string bootstrapServers)
    {
        // More than one record, and more bytes than an unmodified broker takes in one.
        Candle[] candles = [.. Enumerable.Range(0, 12_000).Select(i => GoldenFiles.Candles64[i & 63] with { OpenTime = i * 60_000L, CloseTime = 0 })];
        using (var publisher = new CandlePublisher(bootstrapServers))
        {
            Assert.Equal(candles[^1].OpenTime, await publisher.PublishAsync("BTCUSDT", candles, default));
            Assert.Null(await publisher.PublishAsync("BTCUSDT", [], default));
        }
        using var consumer = new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig { BootstrapServers = bootstrapServers, GroupId = "test" }).Build();
        consumer.Assign(new TopicPartitionOffset("BTCUSDT", 0, Offset.Beginning));
        var read = new List<Candle>();
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (read.Count < candles.Length)
        {
            Assert.True(CandleMessage.TryDecode(consumer.Consume(deadline.Token).Message.Value, read, out var problem), problem);
        }
        Assert.Equal(candles, read);
        consumer.Close();
    }

    private static async Task Eventually(Func<Task<bool>> condition)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (true)
        {
            try
            {
                if (await condition())
                {
                    return;
                }
            }
            catch (BrokerException)
            {
            }
            await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, deadline.Token);
        }
    }
}
