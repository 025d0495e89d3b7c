using Confluent.Kafka;
using Radar.Embedded.Kafka;
using Radar.Jobs.Fleet;
using Radar.Market;
using Radar.Market.Candles;
using Radar.Market.Models;
using Radar.Market.Predictions;
using Radar.Market.Topics;
using Radar.Testing;
using Radar.Workers.Consuming;

namespace Radar.Workers.Tests.Consuming;

public sealed class PredictionConsumerTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private const int FirstRow = 33;
    private static readonly ModelId Model = ModelId.Parse("BTCUSDT/lightgbm/v1");
    private static readonly WorkerId Id = new(Model.ToString());
    private static readonly Dictionary<string, int> Topics = new() { ["BTCUSDT"] = 1 };

    [Fact]
    public async Task Candles_HistoryThenLive_ArePredictedAsByReconciliation()
    {
        await using var broker = MockBroker.Start(0, Topics);
        await using var work = await Work.CreateAsync(postgres, Id);
        var table = await StoreAsync(work, Work.Candles(0, 200));
        await using var consumer = Consumer(work, broker.BootstrapServers);
        work.Start(consumer);
        await work.UntilAsync(() => Task.FromResult(work.IsRunning), "it to run");
        Assert.Equal(200 - FirstRow, await PredictedAsync(work));
        await table.InsertAsync(Work.Candles(200, 30), null, CancellationToken.None);
        await PublishAsync(broker.BootstrapServers, Work.Candles(200, 10));
        await PublishAsync(broker.BootstrapServers, Work.Candles(205, 10)); // Half of them again.
        await PublishAsync(broker.BootstrapServers, Work.Candles(225, 5)); // And a jump: what lies between is in the table.
        await work.UntilAsync(async () => await PredictedAsync(work) == 230 - FirstRow, "all to be predicted");
        await work.UntilAsync(async () => await OffsetAsync(work) == 3, "the offset to be stored");
        var live = await ReadAsync(work);

        await ExecuteAsync(work, "UPDATE btcusdt SET lightgbm_1 = NULL");
        using var model = PredictionModel.Load(ModelStore.Find(Path.Combine(SharedFolder.Repository, "models"), Model));
        await new Reconciliation(new PredictionStore(table), [model], null).RunAsync(TimeRange.All, null, CancellationToken.None);
        Assert.Equal(await ReadAsync(work), live);
        await work.UntilAsync(
            () => Task.FromResult(File.ReadAllLines(PredictionsCsv.PathOf(work.Folder, Model)).Length == 230 - FirstRow + 1), "the file to be complete");
        await work.StopAsync();
    }

    [Fact]
    public async Task Broker_WithoutTheNewestCandles_TheTableHasThem()
    {
        await using var broker = MockBroker.Start(0, Topics);
        await using var work = await Work.CreateAsync(postgres, Id);
        var table = await StoreAsync(work, Work.Candles(0, 100));
        await using var consumer = Consumer(work, broker.BootstrapServers);
        work.Start(consumer);
        await work.UntilAsync(() => Task.FromResult(work.IsRunning), "it to run");
        await table.InsertAsync(Work.Candles(100, 20), null, CancellationToken.None);
        await work.UntilAsync(async () => await PredictedAsync(work) == 120 - FirstRow, "the table's candles to be predicted");
        await work.StopAsync();
    }

    [Fact]
    public async Task Broker_ReplacedByAnEmptyOne_IsReadFromItsBeginning()
    {
        await using var work = await Work.CreateAsync(postgres, Id);
        var table = await StoreAsync(work, Work.Candles(0, 100));
        var port = 0;
        await using var consumer = await StartWithOffsetAsync();
        await using var replaced = MockBroker.Start(port, Topics);
        await table.InsertAsync(Work.Candles(110, 5), null, CancellationToken.None);
        await PublishAsync(replaced.BootstrapServers, Work.Candles(110, 5));
        await work.UntilAsync(async () => await PredictedAsync(work) == 115 - FirstRow, "the new broker's candles");
        await work.UntilAsync(async () => await OffsetAsync(work) == 1, "the offset of the new topic");
        await work.StopAsync();

        async Task<PredictionConsumer> StartWithOffsetAsync()
        {
            await using var broker = MockBroker.Start(0, Topics);
            port = int.Parse(broker.BootstrapServers.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture);
            var started = Consumer(work, broker.BootstrapServers);
            work.Start(started);
            await table.InsertAsync(Work.Candles(100, 10), null, CancellationToken.None);
            foreach (var candle in Work.Candles(100, 10))
            {
                await PublishAsync(broker.BootstrapServers, [candle]);
            }
            await work.UntilAsync(async () => await OffsetAsync(work) == 10, "ten offsets");
            return started;
        }
    }

    [Fact]
    public async Task Record_ThatCannotBeRead_IsKeptAndPassedOver()
    {
        await using var broker = MockBroker.Start(0, Topics);
        await using var work = await Work.CreateAsync(postgres, Id);
        var table = await StoreAsync(work, Work.Candles(0, 50));
        await using var consumer = Consumer(work, broker.BootstrapServers);
        work.Start(consumer);
        using (var producer = new ProducerBuilder<byte[], byte[]>(new ProducerConfig { BootstrapServers = broker.BootstrapServers }).Build())
        {
            await producer.ProduceAsync("BTCUSDT", new Message<byte[], byte[]> { Value = "[{\"open_time\":\"2025"u8.ToArray() });
        }
        await table.InsertAsync(Work.Candles(50, 1), null, CancellationToken.None);
        await PublishAsync(broker.BootstrapServers, Work.Candles(50, 1));
        await work.UntilAsync(async () => await OffsetAsync(work) == 2, "both offsets to be passed");
        Assert.Equal(51 - FirstRow, await PredictedAsync(work));
        Assert.Equal(1, await work.CountAsync("SELECT count(*) FROM radar.worker_events WHERE event = 'unreadable record' AND message LIKE 'BTCUSDT[0] offset 0:%'"));
        Assert.Contains("\"offset\":0", Assert.Single(File.ReadAllLines(Path.Combine(work.Folder, "logs", "dead-letters", "BTCUSDT_lightgbm_v1.jsonl"))), StringComparison.Ordinal);
        await work.StopAsync();
    }

    [Fact]
    public async Task Lease_TakenByANewerEpoch_WritesNothingMore()
    {
        await using var broker = MockBroker.Start(0, Topics);
        await using var work = await Work.CreateAsync(postgres, Id);
        var table = await StoreAsync(work, Work.Candles(0, 50));
        await using var consumer = Consumer(work, broker.BootstrapServers);
        work.Start(consumer);
        await work.UntilAsync(() => Task.FromResult(work.IsRunning), "it to run");
        await using var newer = await Work.CreateAsync(work.Database, Id);
        await table.InsertAsync(Work.Candles(50, 1), null, CancellationToken.None);
        await PublishAsync(broker.BootstrapServers, Work.Candles(50, 1));
        await Assert.ThrowsAsync<FencedException>(() => work.UntilAsync(() => Task.FromResult(false), "it to be refused"));
        Assert.Equal(50 - FirstRow, await PredictedAsync(work));
    }

    private static PredictionConsumer Consumer(Work work, string bootstrapServers) => new(Model, new ConsumerOptions
    {
        BootstrapServers = bootstrapServers,
        ModelsDirectory = Path.Combine(SharedFolder.Repository, "models"),
        DataDirectory = work.Folder,
        LogsDirectory = Path.Combine(work.Folder, "logs"),
        FetchWaitMs = 20,
    });

    private static async Task<CandleTable> StoreAsync(Work work, IReadOnlyList<Candle> candles)
    {
        var table = new CandleTable(work.Database, "BTCUSDT");
        await table.EnsureAsync(CancellationToken.None);
        await table.InsertAsync(candles, null, CancellationToken.None);
        return table;
    }

    private static async Task PublishAsync(string bootstrapServers, IReadOnlyList<Candle> candles)
    {
        using var publisher = new CandlePublisher(bootstrapServers);
        await publisher.PublishAsync("BTCUSDT", candles, CancellationToken.None);
    }

    private static Task<long> PredictedAsync(Work work) => work.CountAsync("SELECT count(lightgbm_1) FROM btcusdt");

    private static Task<long> OffsetAsync(Work work) => work.CountAsync("SELECT coalesce(max(next_offset), 0) FROM radar.consumer_offsets");

    private static async Task<List<double[]>> ReadAsync(Work work)
    {
        await using var command = work.Database.CreateCommand("SELECT lightgbm_1 FROM btcusdt WHERE lightgbm_1 IS NOT NULL ORDER BY open_time");
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<double[]>();
        while (await reader.ReadAsync())
        {
            rows.Add(reader.GetFieldValue<double[]>(0));
        }
        return rows;
    }

    private static async Task ExecuteAsync(Work work, string sql)
    {
        await using var command = work.Database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
