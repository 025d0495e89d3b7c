using System.Globalization;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
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

/// <summary>A topic, a table and the sinks between them.</summary>
internal sealed class Channel : IAsyncDisposable
{
    private readonly PostgresFixture? _postgres;
    private readonly ClickHouseFixture _clickHouse;
    private readonly Func<SinkOptions, SinkOptions> _change;
    private readonly SinkStream _stream;
    private readonly string _suffix;
    private readonly int _partitions;
    private readonly IAsyncDisposable? _broker;
    private readonly List<Work> _works = [];
    private NpgsqlDataSource? _database;

    private Channel(
        PostgresFixture? postgres, ClickHouseFixture clickHouse, SinkStream stream, string schema, string bootstrapServers, string suffix, int partitions,
        Func<SinkOptions, SinkOptions>? change, IAsyncDisposable? broker)
    {
        (_postgres, _clickHouse, _stream, Schema, BootstrapServers, _suffix, _partitions, _broker) = (postgres, clickHouse, stream, schema, bootstrapServers, suffix, partitions, broker);
        _change = change ?? (options => options);
        Server = clickHouse.CreateClient();
        Settings = new Dictionary<string, string?>
        {
            ["Radar:Kafka:BootstrapServers"] = bootstrapServers,
            ["Radar:ClickHouse:Url"] = clickHouse.Options.Url.ToString(),
            ["Radar:ClickHouse:User"] = clickHouse.Options.User,
            ["Radar:ClickHouse:Password"] = clickHouse.Options.Password,
            ["Radar:ClickHouse:Database"] = Schema,
            ["Radar:Topics:Trades"] = "radar_trades" + suffix,
            ["Radar:Topics:Depths"] = "radar_depths" + suffix,
            ["Radar:Topics:DeadLetters"] = DeadLetterTopic,
            ["Radar:Sinks:TradesGroup"] = "trades" + suffix,
            ["Radar:Sinks:DepthGroup"] = "depths" + suffix,
            ["Radar:Sinks:BatchAge"] = "0.2",
            ["Radar:Sinks:SessionTimeout"] = "6",
        };
    }

    /// <summary>What sinks are told, by configuration key; sinks that are started later are told what was changed.</summary>
    public Dictionary<string, string?> Settings { get; }

    public string Schema { get; }

    public string BootstrapServers { get; }

    public ClickHouseClient Server { get; }

    public string Kind => _stream == SinkStream.Trades ? WorkerKinds.TradesSink : WorkerKinds.DepthSink;

    public string Topic => (_stream == SinkStream.Trades ? "radar_trades" : "radar_depths") + _suffix;

    public string DeadLetterTopic => "radar_dead_letters" + _suffix;

    public string Table => $"{Schema}.{(_stream == SinkStream.Trades ? "trades_master" : "orderbook_depth")}";

    public NpgsqlDataSource Database => _database!;

    /// <summary>How another process reaches it.</summary>
    public string Connection => new NpgsqlConnectionStringBuilder(_postgres!.Server) { Database = new NpgsqlConnectionStringBuilder(Database.ConnectionString).Database }.ConnectionString;

    /// <summary>On a mock broker of its own.</summary>
    public static Task<Channel> OpenAsync(SinkFixture services, SinkStream stream, Func<SinkOptions, SinkOptions>? change = null, int partitions = 3) =>
        OpenAsync(services.Postgres, services.ClickHouse, stream, change, partitions);

    /// <summary>On a mock broker of its own, for sinks that have no PostgreSQL.</summary>
    public static Task<Channel> OpenAsync(ClickHouseFixture server, SinkStream stream) => OpenAsync(null, server, stream, null, 3);

    private static async Task<Channel> OpenAsync(PostgresFixture? postgres, ClickHouseFixture server, SinkStream stream, Func<SinkOptions, SinkOptions>? change, int partitions)
    {
        var schema = await server.CreateDatabaseAsync();
        var broker = MockBroker.Start(0, new Dictionary<string, int> { ["radar_trades"] = partitions, ["radar_depths"] = partitions, ["radar_dead_letters"] = 1 });
        return new Channel(postgres, server, stream, schema, broker.BootstrapServers, "", partitions, change, broker);
    }

    /// <summary>On a mock broker that the test may spoil.</summary>
    public static async Task<Channel> OpenAsync(
        SinkFixture services, SinkStream stream, string bootstrapServers, int partitions = 3, Func<SinkOptions, SinkOptions>? change = null) =>
        new(services.Postgres, services.ClickHouse, stream, await services.ClickHouse.CreateDatabaseAsync(), bootstrapServers, "", partitions, change, null);

    /// <summary>On topics of its own of the real broker.</summary>
    public static async Task<Channel> OpenAsync(
        RealSinkFixture real, SinkStream stream, int partitions = 3, int longestRecord = 1_000_000, Func<SinkOptions, SinkOptions>? change = null)
    {
        var channel = new Channel(
            real.Services.Postgres, real.Services.ClickHouse, stream, await real.Services.ClickHouse.CreateDatabaseAsync(), real.Kafka.BootstrapServers, $"_{Guid.NewGuid():n}", partitions, change, null);
        await channel.MakeTopicAsync(longestRecord);
        return channel;
    }

    /// <summary>The other stream's, in the same database and with the same settings.</summary>
    public async Task<Channel> BesideAsync(SinkStream stream)
    {
        var channel = new Channel(_postgres, _clickHouse, stream, Schema, BootstrapServers, _suffix, _partitions, _change, null);
        await channel.MakeTopicAsync(1_000_000);
        return channel;
    }

    /// <summary>Starts a sink; a later one has a later epoch.</summary>
    public async Task<Work> StartAsync(int number = 1)
    {
        var id = WorkerId.Sink(Kind, number);
        var work = _database is null ? await Work.CreateAsync(_postgres!, id) : await Work.CreateAsync(_database, id);
        _database = work.Database;
        _works.Add(work);
        work.Start(new Sink(Options()));
        return work;
    }

    public SinkOptions Options()
    {
        var settings = new SettingsReader(new ConfigurationBuilder().AddInMemoryCollection(Settings).Build());
        var options = SinkOptions.Read(_stream, settings);
        settings.ThrowIfWrong();
        return _change(options);
    }

    public async Task ProduceAsync(IEnumerable<(int Partition, byte[]? Value)> records) => await ProduceAsync(Topic, records);

    public async Task ProduceAsync(string topic, IEnumerable<(int Partition, byte[]? Value)> records)
    {
        using var producer = new ProducerBuilder<Null, byte[]?>(
            new ProducerConfig { BootstrapServers = BootstrapServers, LingerMs = 5, Acks = Acks.All, MessageMaxBytes = 16_000_000 }).Build();
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
            BootstrapServers = BootstrapServers, GroupId = "test", EnablePartitionEof = true, EnableAutoCommit = false,
        }).Build();
        consumer.Assign(new TopicPartitionOffset(DeadLetterTopic, 0, Offset.Beginning));
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
        using var consumer = new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig { BootstrapServers = BootstrapServers, GroupId = Options().Group }).Build();
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
        if (_broker is not null)
        {
            await _broker.DisposeAsync();
        }
    }

    /// <summary>Makes a topic that takes records up to a length.</summary>
    public async Task MakeTopicAsync(string topic, int partitions, int longestRecord)
    {
        using var admin = Admin();
        await admin.CreateTopicsAsync([new TopicSpecification
        {
            Name = topic,
            NumPartitions = partitions,
            ReplicationFactor = 1,
            Configs = new Dictionary<string, string> { ["max.message.bytes"] = longestRecord.ToString(CultureInfo.InvariantCulture) },
        }]);
    }

    /// <summary>Takes the topic away and makes it anew.</summary>
    public async Task MakeTopicAnewAsync()
    {
        using var admin = Admin();
        await admin.DeleteTopicsAsync([Topic]);
        await Until.TrueAsync(
            async () =>
            {
                try
                {
                    await MakeTopicAsync(1_000_000);
                    return true;
                }
                catch (CreateTopicsException there) when (there.Results.Any(one => one.Error.Code == ErrorCode.TopicAlreadyExists))
                {
                    return false;
                }
            },
            () => Task.FromResult("the topic to be gone"));
    }

    /// <summary>Removes what a partition has before an offset, as retention does.</summary>
    public async Task RemoveBeforeAsync(int partition, long offset)
    {
        using var admin = Admin();
        await admin.DeleteRecordsAsync([new TopicPartitionOffset(Topic, partition, offset)]);
    }

    private IAdminClient Admin() => new AdminClientBuilder(new AdminClientConfig { BootstrapServers = BootstrapServers }).Build();

    private Task MakeTopicAsync(int longestRecord) => MakeTopicAsync(Topic, _partitions, longestRecord);
}
