using System.Globalization;
using Confluent.Kafka;
using Microsoft.Extensions.Configuration;
using Npgsql;
using Radar.Embedded.Kafka;
using Radar.Jobs.Fleet;
using Radar.Market.ClickHouse;
using Radar.Market.Topics;
using Radar.Testing;
using Radar.Workers.Hosting;
using Radar.Workers.Sinking;

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

/// <summary>A topic, a table and the sinks between them.</summary>
internal sealed class Channel : IAsyncDisposable
{
    private readonly SinkFixture _services;
    private readonly Func<SinkOptions, SinkOptions> _change;
    private readonly SinkStream _stream;
    private readonly int _partitions;
    private readonly List<Work> _works = [];
    private NpgsqlDataSource? _database;

    private Channel(SinkFixture services, SinkStream stream, string database, MockBroker broker, int partitions, Func<SinkOptions, SinkOptions> change)
    {
        (_services, _stream, Schema, Broker, _partitions, _change) = (services, stream, database, broker, partitions, change);
        Server = services.ClickHouse.CreateClient();
    }

    public string Schema { get; }

    public MockBroker Broker { get; }

    public ClickHouseClient Server { get; }

    public string Topic => _stream == SinkStream.Trades ? "radar_trades" : "radar_depths";

    public string Table => $"{Schema}.{(_stream == SinkStream.Trades ? "trades_master" : "orderbook_depth")}";

    public NpgsqlDataSource Database => _database!;

    public static async Task<Channel> OpenAsync(
        SinkFixture services, SinkStream stream, Func<SinkOptions, SinkOptions>? change = null, int partitions = 3) => new(
            services, stream, await services.ClickHouse.CreateDatabaseAsync(),
            MockBroker.Start(0, new Dictionary<string, int> { ["radar_trades"] = partitions, ["radar_depths"] = partitions, ["radar_dead_letters"] = 1 }), partitions, change ?? (options => options));

    /// <summary>Starts a sink; a later one has a later epoch.</summary>
    public async Task<Work> StartAsync(int number = 1)
    {
        var id = WorkerId.Sink(_stream == SinkStream.Trades ? "trades-sink" : "depth-sink", number);
        var work = _database is null ? await Work.CreateAsync(_services.Postgres, id) : await Work.CreateAsync(_database, id);
        _database = work.Database;
        _works.Add(work);
        work.Start(new Sink(Options()));
        return work;
    }

    public SinkOptions Options()
    {
        var settings = new SettingsReader(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Radar:Kafka:BootstrapServers"] = Broker.BootstrapServers,
            ["Radar:ClickHouse:Url"] = _services.ClickHouse.Options.Url.ToString(),
            ["Radar:ClickHouse:User"] = _services.ClickHouse.Options.User,
            ["Radar:ClickHouse:Password"] = _services.ClickHouse.Options.Password,
            ["Radar:ClickHouse:Database"] = Schema,
            ["Radar:Sinks:BatchAge"] = "0.2",
            ["Radar:Sinks:SessionTimeout"] = "6",
        }).Build());
        var options = SinkOptions.Read(_stream, settings);
        settings.ThrowIfWrong();
        return _change(options);
    }

    public async Task ProduceAsync(IEnumerable<(int Partition, byte[]? Value)> records) => await ProduceAsync(Topic, records);

    public async Task ProduceAsync(string topic, IEnumerable<(int Partition, byte[]? Value)> records)
    {
        using var producer = new ProducerBuilder<Null, byte[]?>(
            new ProducerConfig { BootstrapServers = Broker.BootstrapServers, LingerMs = 5, Acks = Acks.All }).Build();
        await Task.WhenAll(records.Select(record => producer.ProduceAsync(
            new TopicPartition(topic, record.Partition), new Message<Null, byte[]?> { Value = record.Value })).ToList());
    }

    /// <summary>A number from the table; 0 while it is not made.</summary>
    public async Task<long> CountAsync(string what, string rest = "")
    {
        try
        {
            return long.Parse((await Server.QueryAsync($"SELECT {what} FROM {Table} {rest}", CancellationToken.None))[0][0]!, CultureInfo.InvariantCulture);
        }
        catch (ClickHouseException missing) when (missing.Code == 60)
        {
            return 0;
        }
    }

    /// <summary>A statement for PostgreSQL.</summary>
    public async Task ExecuteAsync(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>All dead letters.</summary>
    public List<DeadLetter> DeadLetters()
    {
        using var consumer = new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig
        {
            BootstrapServers = Broker.BootstrapServers, GroupId = "test", EnablePartitionEof = true, EnableAutoCommit = false,
        }).Build();
        consumer.Assign(new TopicPartitionOffset("radar_dead_letters", 0, Offset.Beginning));
        var letters = new List<DeadLetter>();
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (consumer.Consume(deadline.Token) is { IsPartitionEOF: false } record)
        {
            letters.Add(DeadLetter.Read(record.Message)!);
        }
        return letters;
    }

    /// <summary>What the group was told, in all.</summary>
    public long Committed()
    {
        using var consumer = new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig { BootstrapServers = Broker.BootstrapServers, GroupId = Options().Group }).Build();
        return consumer.Committed(Enumerable.Range(0, _partitions).Select(p => new TopicPartition(Topic, p)), TimeSpan.FromSeconds(30))
            .Where(p => !p.Offset.IsSpecial).Sum(p => p.Offset.Value);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var work in _works)
        {
            await work.DisposeAsync();
        }
        Server.Dispose();
        await Broker.DisposeAsync();
    }
}
