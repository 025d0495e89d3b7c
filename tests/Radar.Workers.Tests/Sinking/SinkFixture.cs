using Radar.Testing;

namespace Radar.Workers.Tests.Sinking;

/// <summary>The services that sinks stand between, once for all their tests.</summary>
public sealed class SinkFixture : IAsyncLifetime
{
    public PostgresFixture Postgres { get; } = new();

    public ClickHouseFixture ClickHouse { get; } = new();

    public async Task InitializeAsync() => await Task.WhenAll(Postgres.InitializeAsync(), ClickHouse.InitializeAsync());

    public async Task DisposeAsync()
    {
        await ClickHouse.DisposeAsync();
        await Postgres.DisposeAsync();
    }
}

/// <summary>The same with Apache Kafka, where the shared folder has it.</summary>
public sealed class RealSinkFixture : IAsyncLifetime
{
    public SinkFixture Services { get; } = new();

    public RealKafkaFixture Kafka { get; } = new();

    public async Task InitializeAsync() => await Task.WhenAll(Services.InitializeAsync(), Kafka.InitializeAsync());

    public async Task DisposeAsync()
    {
        await Kafka.DisposeAsync();
        await Services.DisposeAsync();
    }
}
