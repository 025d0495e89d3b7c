using System.Globalization;
using System.Text;
using Confluent.Kafka;
using Radar.Market.ClickHouse;
using Radar.Workers.Sinking.Trades;

namespace Radar.Bench.Sinking;

/// <summary>Trades as Wallex sends them, every one different, and the same ones again whenever they are asked for.</summary>
internal static class BenchTrades
{
    private const int Markets = 100;
    private const int PerSecond = 500;
    private static readonly DateTime First = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    /// <summary>The bytes of one frame, such as <c>["M7TMN@trade",{"isBuyOrder":true,"quantity":"8.0000000000000000","price":"82138.0000000000000000",...}]</c>.</summary>
    public static byte[] Frame(int number)
    {
        var market = number % Markets;
        return Encoding.ASCII.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $$"""["M{{market}}{{(market % 3 == 0 ? "USDT" : "TMN")}}@trade",{"isBuyOrder":{{(number % 2 == 0 ? "true" : "false")}},"quantity":"{{1 + (number % 1000)}}.{{number / 1000:D5}}00000000000","price":"{{82131 + (number % 997)}}.{{(market % 3 == 0 ? number % 100 : 0):D2}}00000000000000","timestamp":"{{First.AddSeconds(number / PerSecond):yyyy-MM-ddTHH:mm:ssZ}}"}]"""));
    }

    /// <summary>Puts them on a topic as the producers do: idempotent, acknowledged, packed with LZ4; all of a market in one partition.</summary>
    public static void Produce(string bootstrapServers, string topic, int partitions, int rows, CancellationToken cancellationToken)
    {
        using var producer = new ProducerBuilder<Null, byte[]>(new ProducerConfig
        {
            BootstrapServers = bootstrapServers,
            EnableIdempotence = true,
            Acks = Acks.All,
            LingerMs = 50,
            CompressionType = CompressionType.Lz4,
            EnableDeliveryReports = true,
            DeliveryReportFields = "none",
        })
        .SetLogHandler((_, _) => { }) // The broker has just begun, and says so.
        .Build();
        Error? failed = null;
        var delivered = 0;
        for (var row = 0; row < rows; row++)
        {
            while (!TryProduce(row))
            {
                producer.Poll(TimeSpan.FromMilliseconds(100)); // The queue is full: some must go first.
            }
        }
        while (Volatile.Read(ref delivered) < rows && failed is null)
        {
            cancellationToken.ThrowIfCancellationRequested();
            producer.Flush(TimeSpan.FromSeconds(1));
        }
        if (failed is not null)
        {
            throw new KafkaException(failed);
        }

        bool TryProduce(int row)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                producer.Produce(
                    new TopicPartition(topic, row % Markets % partitions),
                    new Message<Null, byte[]> { Value = Frame(row) },
                    report =>
                    {
                        failed = report.Error.IsError ? report.Error : failed;
                        Interlocked.Increment(ref delivered);
                    });
                return true;
            }
            catch (ProduceException<Null, byte[]> full) when (full.Error.Code == ErrorCode.Local_QueueFull)
            {
                return false;
            }
        }
    }

    /// <summary>The rows that a sink makes of them.</summary>
    public static RowBinaryBatch Rows(int rows)
    {
        var all = new RowBinaryBatch();
        var parser = new TradeParser(countEqual: false);
        for (var row = 0; row < rows; row++)
        {
            if (parser.Parse(Frame(row), 0, 0, all) is { } problem)
            {
                throw new InvalidOperationException($"Trade {row}: {problem}.");
            }
        }
        return all;
    }
}
