using Microsoft.Extensions.Logging.Abstractions;
using Radar.Embedded.Kafka;
using Radar.Workers.Producing.Wallex;

namespace Radar.Workers.Tests.Producing.Wallex;

public sealed class FramePublisherTests
{
    private const short Produce = 0;

    [Theory]
    [InlineData(29)] // TOPIC_AUTHORIZATION_FAILED
    [InlineData(31)] // CLUSTER_AUTHORIZATION_FAILED
    public async Task Publish_WithoutTheRight_WaitsUntilItIsGiven(int code)
    {
        await using var broker = MockBroker.Start(0, Capture.Topics(1));
        await using var publisher = new FramePublisher(broker.BootstrapServers, "radar_trades", 10, TimeProvider.System, NullLogger<FramePublisher>.Instance);
        broker.Fail(Produce, code, code);
        bool? delivered = null;
        await publisher.PublishAsync("[]"u8.ToArray(), done => delivered = done, CancellationToken.None);
        await Until.TrueAsync(() => publisher.Problem?.Contains("AuthorizationFailed", StringComparison.Ordinal) == true, "the problem to be said");
        await Until.TrueAsync(() => delivered is not null, "the delivery");
        Assert.True(delivered);
        Assert.Null(publisher.Problem);
    }
}
