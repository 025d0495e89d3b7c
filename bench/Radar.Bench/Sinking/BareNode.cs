using System.Globalization;
using Confluent.Kafka;
using Radar.Market.ClickHouse;

namespace Radar.Bench.Sinking;

/// <summary>
/// What a sink stands on, in a process of its own as a sink is: trades read from Kafka and thrown away, rows from memory into ClickHouse, or both at once.
/// </summary>
internal static class BareNode
{
    /// <summary>Said when it begins.</summary>
    public const string Began = "began";

    /// <summary>Said when all is done.</summary>
    public const string Done = "done";

    /// <param name="bootstrapServers">The broker; null: nothing is read.</param>
    /// <param name="topic">What is read.</param>
    /// <param name="server">ClickHouse; null: nothing is inserted.</param>
    /// <param name="database">Where the table is made.</param>
    /// <param name="rows">How many.</param>
    /// <param name="batch">Rows of an insert.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<int> RunAsync(string? bootstrapServers, string topic, Uri? server, string database, int rows, int batch, CancellationToken cancellationToken)
    {
        using var all = server is null ? null : BenchTrades.Rows(rows);
        using var client = server is null ? null : new ClickHouseClient(new ClickHouseOptions { Url = server }, TimeProvider.System);
        var table = TradesTable.Define(new TableName(database, TradesTable.DefaultName));
        if (client is not null)
        {
            await TableSetup.SetupAsync(client, table, cancellationToken);
        }
        GC.Collect(); // What was made beforehand is not what is measured.
        Console.WriteLine(Began);
        var reading = bootstrapServers is null ? Task.CompletedTask : Task.Run(() => Consume(bootstrapServers, topic, rows, cancellationToken), cancellationToken);
        for (var first = 0; first < all?.Rows; first += batch)
        {
            await client!.InsertAsync(table, all.Slice(first, Math.Min(batch, rows - first)), null, cancellationToken);
        }
        await reading;
        Console.WriteLine(Done);
        await Console.In.ReadLineAsync(cancellationToken); // Whoever started it looks at what it used.
        return 0;
    }

    // With the fetch settings of a sink.
    private static void Consume(string bootstrapServers, string topic, int rows, CancellationToken cancellationToken)
    {
        using var consumer = new ConsumerBuilder<Ignore, byte[]>(new ConsumerConfig
        {
            BootstrapServers = bootstrapServers,
            GroupId = string.Create(CultureInfo.InvariantCulture, $"bare-{Environment.ProcessId}"),
            AutoOffsetReset = AutoOffsetReset.Earliest,
            FetchWaitMaxMs = 100,
            FetchMaxBytes = 16 * 1024 * 1024,
            MaxPartitionFetchBytes = 2 * 1024 * 1024,
            QueuedMinMessages = 50_000,
            QueuedMaxMessagesKbytes = 16 * 1024,
            FetchQueueBackoffMs = 5,
            CheckCrcs = false,
        }).Build();
        consumer.Subscribe(topic);
        var bytes = 0L;
        for (var row = 0; row < rows; row++)
        {
            bytes += consumer.Consume(cancellationToken).Message.Value.Length;
        }
        if (bytes < rows)
        {
            throw new InvalidOperationException($"{rows} records had {bytes} bytes.");
        }
        consumer.Close();
    }
}
