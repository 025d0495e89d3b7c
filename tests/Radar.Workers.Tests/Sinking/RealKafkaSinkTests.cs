using System.Security.Cryptography;
using Radar.Jobs.Fleet;
using Radar.Market.Topics;
using Radar.Testing;
using Radar.Workers.Sinking;
using Radar.Workers.Tests.Processes;

namespace Radar.Workers.Tests.Sinking;

/// <summary>What only Apache Kafka itself can show: members that outlive restarts, partitions that are added, records of megabytes.</summary>
public sealed class RealKafkaSinkTests(RealSinkFixture real) : IClassFixture<RealSinkFixture>
{
    private const int Kill = 9;
    private const int Megabyte = 1_000_000;

    [SharedFact(RealKafkaFixture.Needs)]
    public async Task MalformedRecords_TwentyTimesAsManyAsGoodOnes_AreSetAsideInConstantMemory()
    {
        const int Quarters = 4, Good = 2_500, Bad = 50_000, Long = 5;
        await using var channel = await Channel.OpenAsync(real, SinkStream.Trades, longestRecord: 12 * Megabyte);
        await using var system = (await FleetSystem.CreateAsync(real.Services.Postgres)).With(channel.Settings);
        system.StartAgent();
        var id = WorkerId.Sink(channel.Kind, 1);
        await system.StartWorkerAsync(id, channel.Kind);
        var random = new Random(5);
        var longest = new Dictionary<string, int>();
        var memory = new List<double>();
        WorkerSnapshot? sink = null;
        for (var quarter = 0; quarter < Quarters; quarter++)
        {
            var good = Enumerable.Range(quarter * Good, Good).Select(i => (byte[]?)Frames.Trade(i)).ToList();
            var bad = Enumerable.Range(0, Bad).Select(i => Malformed.Make(random, good[i % Good]!)).ToList();
            var large = Enumerable.Range(0, Long).Select(i => Malformed.Large(random, random.Next(Megabyte, 10 * Megabyte), i)).ToList();
            large.ForEach(value => longest.Add(Convert.ToHexStringLower(SHA256.HashData(value)), value.Length));
            var all = good.Concat(bad).Concat(large).ToArray();
            random.Shuffle(all);
            await channel.ProduceAsync(all.Select((value, i) => (i % 3, value)));
            var (stored, aside) = ((quarter + 1) * Good, (quarter + 1) * (Bad + Long));
            sink = await system.UntilAsync(
                id, w => Work.FigureOf(w.Figures, "deadLetters") == aside && Work.FigureOf(w.Figures, "lag") == 0, $"{aside} to be set aside");
            Assert.Equal((stored, stored), (await channel.CountAsync("count()", "FINAL"), await channel.CountAsync("count()")));
            memory.Add(Work.FigureOf(sink.Figures, "residentMemoryBytes"));
        }
        Assert.Equal(0, sink!.Restarts);
        Assert.True(memory[^1] < (memory[0] * 1.5) + (64 * Megabyte), $"memory after each quarter, in bytes: {string.Join(", ", memory)}");

        var letters = channel.DeadLetters();
        Assert.Equal(Quarters * (Bad + Long), letters.Count);
        Assert.Equal(letters.Count, letters.DistinctBy(letter => letter.Origin).Count());
        Assert.All(letters, letter => Assert.NotEmpty(letter.Reason));
        var cut = letters.Where(letter => !letter.IsWhole).ToList();
        Assert.Equal(longest.OrderBy(l => l.Key), cut.Select(letter => KeyValuePair.Create(letter.Sha256, (int)letter.Length)).OrderBy(l => l.Key));
        Assert.All(cut, letter => Assert.Equal(DeadLetter.KeptOfLonger, letter.Value!.Length));
    }
}
