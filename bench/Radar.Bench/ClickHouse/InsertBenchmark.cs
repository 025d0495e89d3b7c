using System.Globalization;
using System.Text;
using Radar.Market.ClickHouse;

namespace Radar.Bench.ClickHouse;

/// <summary>
/// Trades from memory into ClickHouse, in batches of several sizes, by one client and by three: what a sink could reach if it had nothing
/// else to do. The rows are made beforehand, all of them different.
/// </summary>
internal static class InsertBenchmark
{
    private static readonly int[] Batches = [200, 5_000, 50_000, 200_000];

    public static async Task<int> RunAsync(int rows, TimeProvider time, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("radar-bench-clickhouse-").FullName;
        try
        {
            using var server = await BenchClickHouse.StartAsync(folder, time, cancellationToken);
            using var all = new RowBinaryBatch();
            var began = time.GetTimestamp();
            for (var row = 0; row < rows; row++)
            {
                Write(all, row);
            }
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"rows made: {rows / time.GetElapsedTime(began).TotalSeconds,12:N0} rows/s, {all.Bytes / rows} bytes each"));
            foreach (var (clients, packed) in ((int, bool)[])[(1, false), (3, false), (1, true)])
            {
                foreach (var batch in Batches)
                {
                    await MeasureAsync(server, all, batch, clients, packed, time, cancellationToken);
                }
            }
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task MeasureAsync(
        BenchClickHouse server, RowBinaryBatch all, int batch, int clients, bool packed, TimeProvider time, CancellationToken cancellationToken)
    {
        using var client = new ClickHouseClient(server.Options with { Compress = packed }, time);
        var table = TradesTable.Define(new TableName("bench", TradesTable.DefaultName));
        await TableSetup.SetupAsync(client, table, cancellationToken);
        var rows = Math.Min(all.Rows, batch * 1_000); // A small batch need not go on for minutes.
        var began = time.GetTimestamp();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, rows / batch),
            new ParallelOptions { MaxDegreeOfParallelism = clients, CancellationToken = cancellationToken },
            async (index, token) => await client.InsertAsync(table, all.Slice(index * batch, batch), null, token));
        var seconds = time.GetElapsedTime(began).TotalSeconds;
        var stored = rows / batch * batch;
        var counted = long.Parse((await client.QueryAsync($"SELECT count() FROM {table.Name}", cancellationToken))[0][0]!, CultureInfo.InvariantCulture);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{clients} client{(clients == 1 ? " " : "s")} {(packed ? "gzip " : "plain")} batches of {batch,7:N0}: {stored / seconds,12:N0} rows/s, "
            + $"{seconds / (stored / batch) * 1000 * clients,7:N1} ms each, server {server.Megabytes,5:N0} MB{(counted == stored ? "" : $", but {counted} of {stored} stored")}"));
        await TableSetup.DropAsync(client, table.Name, cancellationToken);
    }

    private static void Write(RowBinaryBatch batch, int row)
    {
        Span<byte> id = stackalloc byte[40];
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{(uint)row * 2654435761u:x8}{row:x32}"), id);
        TradesTable.Write(batch, new TradeRow
        {
            TradeId = id,
            Source = "wallex"u8,
            Symbol = (row % 3) switch { 0 => "USDTTMN"u8, 1 => "BTCTMN"u8, _ => "BTCUSDT"u8 },
            Side = row % 2 == 0 ? "buy"u8 : "sell"u8,
            Price = 82131 + (row % 1000),
            BaseAmount = row % 777 / 7.0,
            QuoteAmount = (82131 + (row % 1000)) * (row % 777 / 7.0),
            EventTime = 1_748_770_421 + ((uint)row / 500),
        });
    }
}
