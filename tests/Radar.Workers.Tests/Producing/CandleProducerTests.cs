using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Confluent.Kafka;
using Radar.Embedded.Kafka;
using Radar.Jobs.Fleet;
using Radar.Market;
using Radar.Market.Binance;
using Radar.Market.Candles;
using Radar.Market.Topics;
using Radar.Testing;
using Radar.Workers.Hosting;
using Radar.Workers.Producing;

namespace Radar.Workers.Tests.Producing;

public sealed class CandleProducerTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private static readonly Dictionary<string, int> Topics = new() { ["BTCUSDT"] = 1 };

    [Fact]
    public async Task Pages_FromTheExchange_ReachTableTopicAndFile()
    {
        await using var broker = MockBroker.Start(0, Topics);
        await using var work = await Work.CreateAsync(postgres, WorkerId.Producer);
        var exchange = new Exchange();
        await using var producer = Producer(work, broker.BootstrapServers, exchange);
        exchange.Say(Work.Candles(0, 100));
        exchange.Say(Work.Candles(100, 1));
        work.Start(producer);
        await work.UntilAsync(async () => await PublishedAsync(work) == 100, "all to be published");
        await work.UntilAsync(() => Task.FromResult(Lines(work) == 102), "all to be in the file");
        Assert.Equal(101, await work.CountAsync("SELECT count(*) FROM btcusdt"));
        Assert.Equal(Work.Candles(0, 101).Select(c => c.OpenTime), Read(broker.BootstrapServers, 101).Select(c => c.OpenTime));
        await work.StopAsync();
    }

    [Fact]
    public async Task Broker_Away_CandlesAreStoredAndPublishedWhenItIsBack()
    {
        await using var work = await Work.CreateAsync(postgres, WorkerId.Producer);
        var exchange = new Exchange();
        var port = FreePort.Next();
        await using var producer = Producer(work, $"127.0.0.1:{port}", exchange);
        work.Start(producer);
        await work.UntilAsync(() => Task.FromResult(work.Context.Activity?.Contains("Kafka", StringComparison.Ordinal) == true), "it to say that it waits");
        exchange.Say(Work.Candles(0, 50));
        await work.UntilAsync(async () => await work.CountAsync("SELECT count(*) FROM btcusdt") == 50, "candles to be stored");
        await using var broker = MockBroker.Start(port, Topics);
        await work.UntilAsync(async () => await PublishedAsync(work) == 49, "what was stored meanwhile to be published");
        exchange.Say(Work.Candles(50, 3));
        await work.UntilAsync(async () => await PublishedAsync(work) == 52, "what came later to be published");
        Assert.Equal(Work.Candles(0, 53).Select(c => c.OpenTime), Read(broker.BootstrapServers, 53).Select(c => c.OpenTime));
        Assert.Null(work.Context.Activity);
        await work.StopAsync();
    }

    [Fact]
    public async Task Restart_AfterACrashBetweenTableAndTopic_PublishesTheRest_AndAsksForTheLastAgain()
    {
        await using var broker = MockBroker.Start(0, Topics);
        await using var first = await Work.CreateAsync(postgres, WorkerId.Producer);
        var exchange = new Exchange();
        await using (var producer = Producer(first, broker.BootstrapServers, exchange))
        {
            exchange.Say(Work.Candles(0, 10));
            first.Start(producer);
            await first.UntilAsync(async () => await PublishedAsync(first) == 9, "ten to be published");
            await first.StopAsync();
        }
        await new CandleTable(first.Database, "BTCUSDT").InsertAsync(Work.Candles(10, 5), null, CancellationToken.None); // Stored, and then it died.

        await using var second = await Work.CreateAsync(first.Database, WorkerId.Producer);
        var later = new Exchange();
        await using var next = Producer(second, broker.BootstrapServers, later);
        var corrected = Work.Candles(14, 1)[0] with { Close = 1 };
        later.Say([corrected, .. Work.Candles(15, 1)]);
        second.Start(next);
        await second.UntilAsync(async () => await PublishedAsync(second) == 15, "the rest to be published");
        Assert.Equal(14 * CandleTime.Minute, later.AskedFrom);
        Assert.Equal(1, await second.CountAsync("SELECT count(*) FROM btcusdt WHERE close = 1"));
        Assert.Equal(Enumerable.Range(0, 16), Read(broker.BootstrapServers, 16).Select(c => (int)(c.OpenTime / CandleTime.Minute)));
        await second.StopAsync();
    }

    [Fact]
    public async Task File_OfSomebodyElse_IsLeftAloneAndCandlesAreStored()
    {
        await using var broker = MockBroker.Start(0, Topics);
        await using var work = await Work.CreateAsync(postgres, WorkerId.Producer);
        var path = PricesCsv.PathOf(work.Folder, "BTCUSDT");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await File.WriteAllTextAsync(path, "somebody else's\n");
        var exchange = new Exchange();
        await using var producer = Producer(work, broker.BootstrapServers, exchange);
        exchange.Say(Work.Candles(0, 10));
        exchange.Say(Work.Candles(10, 1));
        work.Start(producer);
        await work.UntilAsync(async () => await PublishedAsync(work) == 10, "all to be published");
        Assert.Equal(11, await work.CountAsync("SELECT count(*) FROM btcusdt"));
        Assert.Equal("somebody else's\n", await File.ReadAllTextAsync(path));
        await work.StopAsync();
    }

    [Fact]
    public async Task Lease_TakenByANewerEpoch_WritesNothingMore()
    {
        await using var broker = MockBroker.Start(0, Topics);
        await using var work = await Work.CreateAsync(postgres, WorkerId.Producer);
        var exchange = new Exchange();
        await using var producer = Producer(work, broker.BootstrapServers, exchange);
        work.Start(producer);
        await work.UntilAsync(() => Task.FromResult(work.IsRunning), "it to run");
        await using var newer = await Work.CreateAsync(work.Database, WorkerId.Producer);
        exchange.Say(Work.Candles(0, 1));
        await Assert.ThrowsAsync<FencedException>(() => work.UntilAsync(() => Task.FromResult(false), "it to be refused"));
        Assert.Equal(0, await work.CountAsync("SELECT count(*) FROM btcusdt"));
    }

    [Fact]
    public async Task Market_TheExchangeDoesNotKnow_IsToldBeforeItRuns()
    {
        await using var broker = MockBroker.Start(0, Topics);
        await using var work = await Work.CreateAsync(postgres, WorkerId.Producer);
        await using var producer = Producer(work, broker.BootstrapServers, new Exchange { Unknown = "BTCUSDT" });
        work.Start(producer);
        var problem = await Assert.ThrowsAsync<UnworkableException>(() => work.UntilAsync(() => Task.FromResult(false), "it to be refused"));
        Assert.Contains("BTCUSDT", problem.Message, StringComparison.Ordinal);
        Assert.False(work.IsRunning);
    }

    private static CandleProducer Producer(Work work, string bootstrapServers, Exchange exchange) => new(
        new ProducerOptions { Symbols = ["BTCUSDT"], BootstrapServers = bootstrapServers, Exchange = new ExchangeOptions { From = 0 }, DataDirectory = work.Folder },
        (_, _) => exchange);

    private static async Task<long> PublishedAsync(Work work) =>
        await work.CountAsync("SELECT coalesce(max(value), -60000) FROM radar.watermarks WHERE name = 'kafka/BTCUSDT'") / CandleTime.Minute;

    private static int Lines(Work work)
    {
        var path = PricesCsv.PathOf(work.Folder, "BTCUSDT");
        return File.Exists(path) ? File.ReadAllLines(path).Length : 0;
    }

    private static List<Candle> Read(string bootstrapServers, int count)
    {
        using var consumer = new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig { BootstrapServers = bootstrapServers, GroupId = "test" }).Build();
        consumer.Assign(new TopicPartitionOffset("BTCUSDT", 0, Offset.Beginning));
        var candles = new List<Candle>();
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (candles.Count < count)
        {
            Assert.True(CandleMessage.TryDecode(consumer.Consume(deadline.Token).Message.Value, candles, out var problem), problem);
        }
        return candles;
    }

    private sealed class Exchange : ICandleSource
    {
        private readonly Channel<IReadOnlyList<Candle>> _pages = Channel.CreateUnbounded<IReadOnlyList<Candle>>();

        public long AskedFrom { get; private set; } = -1;

        public string? Unknown { get; init; }

        public void Say(IReadOnlyList<Candle> page) => _pages.Writer.TryWrite(page);

        public Task<long> NowAsync(CancellationToken cancellationToken) => Task.FromResult(0L);

        public Task EnsureKnownAsync(string symbol, CancellationToken cancellationToken) =>
            symbol == Unknown ? throw new UnworkableException($"no {symbol} here") : Task.CompletedTask;

        public async IAsyncEnumerable<IReadOnlyList<Candle>> ReadAsync(
            string symbol, long from, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            AskedFrom = from;
            await foreach (var page in _pages.Reader.ReadAllAsync(cancellationToken))
            {
                yield return page;
            }
        }

        public void Dispose()
        {
        }
    }
}
