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
        var port = FreePort.Next();
        await using var consumer = await StartWithOffsetAsync();
        await using var replaced = MockBroker.Start(port, Topics);
        var other = await TopicIncarnation.ReadAsync(replaced.BootstrapServers, "BTCUSDT", CancellationToken.None);
        // More records than the old topic had: read from its old offset it would bring something too.
        await table.InsertAsync(Work.Candles(110, 15), null, CancellationToken.None);
        foreach (var candle in Work.Candles(110, 15))
        {
            await PublishAsync(replaced.BootstrapServers, [candle]);
        }
        await work.UntilAsync(async () => await PredictedAsync(work) == 125 - FirstRow, "the new broker's candles");
        await work.UntilAsync(
            async () => await work.CountAsync($"SELECT count(*) FROM radar.consumer_offsets WHERE incarnation = '{other}' AND next_offset = 15") == 1,
            "the offset of the new topic");
        await work.StopAsync();

        async Task<PredictionConsumer> StartWithOffsetAsync()
        {
            await using var broker = MockBroker.Start(port, Topics);
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
        await PublishRawAsync(broker.BootstrapServers, "[{\"open_time\":\"2025"u8.ToArray());
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

    [Fact]
    public async Task Candle_TheTableLacks_CostsNoPredictionAndTheFileGoesOn()
    {
        await using var broker = MockBroker.Start(0, Topics);
        await using var work = await Work.CreateAsync(postgres, Id);
        var table = await StoreAsync(work, Work.Candles(0, 100));
        await using var consumer = Consumer(work, broker.BootstrapServers);
        work.Start(consumer);
        await work.UntilAsync(() => Task.FromResult(work.IsRunning), "it to run");
        await table.InsertAsync([.. Work.Candles(100, 5), .. Work.Candles(106, 4)], null, CancellationToken.None);
        await PublishAsync(broker.BootstrapServers, [.. Work.Candles(100, 10), .. Work.Candles(500, 1)]); // 105 and 500 are nobody's.
        await work.UntilAsync(async () => await OffsetAsync(work) == 1, "the record to be passed");
        Assert.Equal(109 - FirstRow, await PredictedAsync(work));
        await table.InsertAsync(Work.Candles(110, 5), null, CancellationToken.None);
        await PublishAsync(broker.BootstrapServers, Work.Candles(110, 5));
        await work.UntilAsync(async () => await OffsetAsync(work) == 2, "the next record to be passed");
        await work.StopAsync();
        await AssertAsReconciledAsync(work, table, 114);
    }

    [Fact]
    public async Task Table_GetsOlderCandlesWhileItRuns_TheyArePredicted()
    {
        await using var broker = MockBroker.Start(0, Topics);
        await using var work = await Work.CreateAsync(postgres, Id);
        var table = await StoreAsync(work, Work.Candles(200, 100));
        await using var consumer = Consumer(work, broker.BootstrapServers);
        work.Start(consumer);
        await work.UntilAsync(() => Task.FromResult(work.IsRunning), "it to run");
        Assert.Equal(100 - FirstRow, await PredictedAsync(work));
        await table.InsertAsync(Work.Candles(100, 100), null, CancellationToken.None);
        await work.UntilAsync(async () => await PredictedAsync(work) == 200 - FirstRow, "the older ones to be predicted");
        await work.UntilAsync(() => Task.FromResult(Lines(work) == 200 - FirstRow + 1), "the file to have them");
        await work.StopAsync();
    }

    [Fact]
    public async Task Candle_CorrectedWhileItRuns_IsPredictedAgainWithAllThatFollow()
    {
        await using var broker = MockBroker.Start(0, Topics);
        await using var work = await Work.CreateAsync(postgres, Id);
        var table = await StoreAsync(work, Work.Candles(0, 200));
        await using var consumer = Consumer(work, broker.BootstrapServers);
        work.Start(consumer);
        await work.UntilAsync(() => Task.FromResult(work.IsRunning), "it to run");
        var before = await ReadAsync(work);
        // Live at once: its window still has the old values.
        await table.InsertAsync([Work.Candles(190, 1)[0] with { Close = 21_000, High = 21_010 }, .. Work.Candles(200, 2)], null, CancellationToken.None);
        await PublishAsync(broker.BootstrapServers, Work.Candles(200, 2));
        await work.UntilAsync(async () => await PredictedAsync(work) == 202 - FirstRow, "all to be predicted again");
        await work.UntilAsync(async () => await OffsetAsync(work) == 1, "the record to be passed");
        await work.StopAsync();
        Assert.NotEqual(before[199 - FirstRow], (await ReadAsync(work))[199 - FirstRow]);
        await AssertAsReconciledAsync(work, table, 202);
    }

    [Fact]
    public async Task File_OfSomebodyElse_IsLeftAloneAndPredictionsAreStored()
    {
        await using var broker = MockBroker.Start(0, Topics);
        await using var work = await Work.CreateAsync(postgres, Id);
        var table = await StoreAsync(work, Work.Candles(0, 50));
        var path = PredictionsCsv.PathOf(work.Folder, Model);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await File.WriteAllTextAsync(path, "somebody else's\n");
        await using var consumer = Consumer(work, broker.BootstrapServers);
        work.Start(consumer);
        await table.InsertAsync(Work.Candles(50, 5), null, CancellationToken.None);
        await PublishAsync(broker.BootstrapServers, Work.Candles(50, 5));
        await work.UntilAsync(async () => await OffsetAsync(work) == 1, "the record to be passed");
        Assert.Equal(55 - FirstRow, await PredictedAsync(work));
        Assert.Equal("somebody else's\n", await File.ReadAllTextAsync(path));
        await work.StopAsync();
    }

    [Fact]
    public async Task Record_ThatCannotBeRead_IsNotKeptByOneThatWasReplaced()
    {
        await using var broker = MockBroker.Start(0, Topics);
        await using var work = await Work.CreateAsync(postgres, Id);
        await StoreAsync(work, Work.Candles(0, 50));
        await using var consumer = Consumer(work, broker.BootstrapServers);
        work.Start(consumer);
        await work.UntilAsync(() => Task.FromResult(work.IsRunning), "it to run");
        await using var newer = await Work.CreateAsync(work.Database, Id);
        await PublishRawAsync(broker.BootstrapServers, "no candles"u8.ToArray());
        await Assert.ThrowsAsync<FencedException>(() => work.UntilAsync(() => Task.FromResult(false), "it to be refused"));
        Assert.Equal(0, await work.CountAsync("SELECT count(*) FROM radar.worker_events"));
        Assert.False(Directory.Exists(Path.Combine(work.Folder, "logs", "dead-letters")));
    }

    // What was stored, and what the file says, is what the table gives when nothing else is known.
    private static async Task AssertAsReconciledAsync(Work work, CandleTable table, int candles)
    {
        var live = await ReadAsync(work);
        Assert.Equal(candles - FirstRow, live.Count);
        var file = PredictionFile.Read(PredictionsCsv.PathOf(work.Folder, Model)).Select(p => new[] { p.Sell, p.Hold, p.Buy });
        Assert.Equal(live, file);
        await ExecuteAsync(work, "UPDATE btcusdt SET lightgbm_1 = NULL");
        using var model = PredictionModel.Load(ModelStore.Find(Path.Combine(SharedFolder.Repository, "models"), Model));
        await new Reconciliation(new PredictionStore(table), [model], null).RunAsync(TimeRange.All, null, CancellationToken.None);
        Assert.Equal(await ReadAsync(work), live);
    }

    private static int Lines(Work work) => File.ReadAllLines(PredictionsCsv.PathOf(work.Folder, Model)).Length;

    private static async Task PublishRawAsync(string bootstrapServers, byte[] value)
    {
        using var producer = new ProducerBuilder<byte[], byte[]>(new ProducerConfig { BootstrapServers = bootstrapServers }).Build();
        await producer.ProduceAsync("BTCUSDT", new Message<byte[], byte[]> { Value = value });
    }

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
