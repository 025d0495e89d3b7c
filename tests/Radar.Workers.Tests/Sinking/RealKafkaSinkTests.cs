using System.Security.Cryptography;
using Radar.Jobs.Fleet;
using Radar.Market.Topics;
using Radar.Testing;
using Radar.Workers.Sinking;
using Radar.Workers.Tests.Processes;

namespace Radar.Workers.Tests.Sinking;

/// <summary>What only Apache Kafka itself can show: members that outlive restarts, partitions that are added, records of megabytes.</summary>
public sealed partial class RealKafkaSinkTests(RealSinkFixture real) : IClassFixture<RealSinkFixture>
{
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

    [SharedFact(RealKafkaFixture.Needs)]
    public async Task Depth_KilledAgainAndAgainWhileItInserts_HasEveryRowOnce()
    {
        const int Kills = 4, Rows = 12_000, More = 30;
        await using var channel = await Channel.OpenAsync(real, SinkStream.Depth);
        await using var proxy = new TcpProxy("127.0.0.1", real.Services.ClickHouse.Options.Url.Port);
        channel.Settings["Radar:ClickHouse:Url"] = $"http://127.0.0.1:{proxy.Port}";
        await using var system = (await FleetSystem.CreateAsync(real.Services.Postgres)).With(channel.Settings).With("RADAR__SINKS__BATCHROWS", "50").With("RADAR__LEASE__LASTS", "2");
        await channel.ProduceAsync(Enumerable.Range(0, Rows).Select(i => (i % 3, (byte[]?)Frames.Depth(i))));
        system.StartAgent();
        var id = WorkerId.Sink(channel.Kind, 1);
        await system.StartWorkerAsync(id, channel.Kind);
        var random = new Random(4);
        var epoch = 0L;
        for (var kill = 0; kill < Kills; kill++)
        {
            var sink = await system.UntilAsync(id, w => w.Epoch > epoch && w is { Actual: WorkerState.Running, Pid: not null }, "the next process");
            epoch = sink.Epoch;
            var enough = ((kill * Rows) + random.Next(Rows)) / (Kills + 1);
            await Until.TrueAsync(async () => await channel.CountAsync("count()") >= enough, system.LogsAsync);
            proxy.Silence(); // Whatever block is written down next, or was just now, stays open; there is one at least.
            await channel.ProduceAsync(Enumerable.Range(Rows + (kill * More), More).Select(i => (i % 3, (byte[]?)Frames.Depth(i))));
            await Until.TrueAsync(async () => await system.CountAsync("SELECT count(*) FROM radar.depth_blocks WHERE NOT stored") > 0, system.LogsAsync);
            system.Kill(sink);
            proxy.Restore();
        }
        const int All = Rows + (Kills * More);
        await Until.TrueAsync(
            async () => await channel.CountAsync("count()") >= All && channel.Committed() == All,
            async () => $"{await channel.CountAsync("count()")} rows, {channel.Committed()} told to the group\n{await system.LogsAsync()}");
        Assert.Equal((All, All), (await channel.CountAsync("count()"), await channel.CountAsync("uniqExact(quantities[1])")));
        Assert.InRange(Again().Count(system.LogOf(id)), Kills, int.MaxValue);
    }

    [SharedFact(RealKafkaFixture.Needs)]
    public async Task Depth_RetentionTookTheHeadOfAnOpenBlock_HasEveryRowOnce()
    {
        await using var channel = await Channel.OpenAsync(real, SinkStream.Depth, partitions: 2);
        channel.Settings["Radar:Sinks:BatchAge"] = "1";
        await channel.ProduceAsync(Enumerable.Range(0, 200).Select(i => (0, (byte[]?)Frames.Depth(i))));
        var sink = await channel.StartAsync();
        await sink.UntilAsync(async () => await channel.CountAsync("count()") == 200 && channel.Committed() == 200, "all of them");
        await sink.StopAsync();
        var first = await sink.CountAsync("SELECT first_offset FROM radar.depth_blocks WHERE partition = 0");
        Assert.InRange(first, 0, 150); // Otherwise the block is too short to show anything.

        // It was killed before it noted that the block is stored, and nobody ran while retention went on.
        await channel.ExecuteAsync("UPDATE radar.depth_blocks SET stored = false WHERE partition = 0");
        await channel.RemoveBeforeAsync(0, first + 20);
        await channel.ProduceAsync(Enumerable.Range(200, 50).Select(i => (0, (byte[]?)Frames.Depth(i))));
        var next = await channel.StartAsync();
        await next.UntilAsync(async () => await channel.CountAsync("max(quantities[1])") == 250 && channel.Committed() == 250, "the last one");
        Assert.Equal((250, 250), (await channel.CountAsync("count()"), await channel.CountAsync("uniqExact(quantities[1])")));
        await next.StopAsync();

        // What retention took altogether is nobody's lag, and a group that was told nothing waits for none of it.
        await channel.RemoveBeforeAsync(0, 250);
        await channel.ExecuteAsync("DELETE FROM radar.depth_blocks");
        channel.Settings["Radar:Sinks:DepthGroup"] = "one that was told nothing";
        var last = await channel.StartAsync();
        await channel.ProduceAsync([(1, Frames.Depth(250))]);
        await last.UntilAsync(async () => await channel.CountAsync("count()") == 251 && channel.Committed() >= 1, "the newest one");
        await last.UntilAsync(() => Task.FromResult(last.Figure("lag") == 0), "no lag");
    }

    [SharedFact(RealKafkaFixture.Needs)]
    public async Task DeadLetters_MoreThanTheirTopicTakes_AreCutAndHoldNothingUp()
    {
        await using var channel = await Channel.OpenAsync(real, SinkStream.Trades, partitions: 1);
        await channel.MakeTopicAsync(channel.DeadLetterTopic, 1, longestRecord: 100_000);
        await channel.ProduceAsync(
            [(0, Frames.Trade(0)), (0, new byte[500_000]), .. Enumerable.Range(0, 300).Select(i => (0, (byte[]?)new byte[200 + i])), (0, Frames.Trade(1))]);
        var sink = await channel.StartAsync();
        await sink.UntilAsync(async () => await channel.CountAsync("count()", "FINAL") == 2 && channel.Committed() == 303, "the good ones");
        var letters = channel.DeadLetters();
        Assert.Equal(301, letters.DistinctBy(letter => letter.Origin).Count());
        var cut = Assert.Single(letters.Where(letter => !letter.IsWhole).DistinctBy(letter => letter.Origin));
        Assert.Equal((1, 500_000, DeadLetter.KeptOfLonger), (cut.Offset, cut.Length, cut.Value!.Length));
    }

    [SharedTheory(RealKafkaFixture.Needs)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Topic_MadeAnewUnderASink_IsReadFromItsBeginning(bool trades)
    {
        await using var channel = await Channel.OpenAsync(
            real, trades ? SinkStream.Trades : SinkStream.Depth, partitions: 1, change: options => options with { LookEvery = TimeSpan.FromSeconds(0.5) });
        IEnumerable<(int, byte[]?)> Records(int from, int count) =>
            Enumerable.Range(from, count).Select(i => (0, (byte[]?)(trades ? Frames.Trade(i) : Frames.Depth(i))));
        var distinct = trades ? "uniqExact(trade_id)" : "uniqExact(quantities[1])";
        await channel.ProduceAsync(Records(0, 50));
        var sink = await channel.StartAsync();
        await sink.UntilAsync(async () => await channel.CountAsync(distinct) == 50 && channel.Committed() == 50, "the first ones");
        await channel.MakeTopicAnewAsync();
        await channel.ProduceAsync(Records(50, 150)); // More than it had: what the group was told is an offset of the new one too.
        await sink.UntilAsync(async () => await channel.CountAsync(distinct) == 200 && channel.Committed() == 150, "what the new one has");
    }

    [SharedFact(RealKafkaFixture.Needs)]
    public async Task ThreeSinks_OneKilledThenKeptDown_KeepTheirPartitionsThenShareThem()
    {
        await using var trades = await Channel.OpenAsync(real, SinkStream.Trades);
        await using var depth = await trades.BesideAsync(SinkStream.Depth);
        trades.Settings["Radar:Sinks:SessionTimeout"] = "30"; // As it is unless set. A supervised restart is quicker, on a slow machine too.
        await using var system = (await FleetSystem.CreateAsync(real.Services.Postgres)).With(trades.Settings);
        system.StartAgent();
        await Task.WhenAll(
            ShareAsync(system, trades, WorkerId.Sink(trades.Kind, 2), number => Frames.Trade(number)),
            ShareAsync(system, depth, WorkerId.Sink(depth.Kind, 1), Frames.Depth));
    }

    [SharedFact(RealKafkaFixture.Needs)]
    public async Task Topic_WithFewerPartitionsThanAreSet_GetsThemAndTheirRecordsAreRead()
    {
        await using var channel = await Channel.OpenAsync(real, SinkStream.Trades, partitions: 1);
        var (first, second) = (await channel.StartAsync(1), await channel.StartAsync(2));
        Work[] both = [first, second];
        bool StandsBy(Work sink) => sink.Context.Activity?.StartsWith("standing by", StringComparison.Ordinal) == true;
        await channel.ProduceAsync(Enumerable.Range(0, 100).Select(i => (0, (byte[]?)Frames.Trade(i))));
        await first.UntilAsync(
            async () => both.All(sink => sink.IsRunning) && both.Count(StandsBy) == 1 && await channel.CountAsync("count()", "FINAL") == 100, "one to work and one to stand by");
        Assert.Equal(1, await TopicSetup.PartitionsAsync(channel.BootstrapServers, channel.Topic, default));

        // Each is restarted with the setting, so quickly that the group does not notice.
        channel.Settings["Radar:Topics:Partitions"] = "3";
        await Task.WhenAll(both.Select(sink => sink.StopAsync()));
        (first, second) = (await channel.StartAsync(1), await channel.StartAsync(2));
        both = [first, second];
        await first.UntilAsync(() => Task.FromResult(both.Sum(sink => sink.Figure("partitions")) == 3), "three partitions");
        Assert.Equal(3, await TopicSetup.PartitionsAsync(channel.BootstrapServers, channel.Topic, default));
        await channel.ProduceAsync(Enumerable.Range(100, 300).Select(i => (i % 3, (byte[]?)Frames.Trade(i))));
        await first.UntilAsync(async () => await channel.CountAsync("count()", "FINAL") == 400 && !both.Any(StandsBy), "the records of all partitions");
    }

    [SharedFact(RealKafkaFixture.Needs)]
    public async Task Sink_AskedToGo_GivesItsPartitionsUpAtOnce()
    {
        await using var channel = await Channel.OpenAsync(real, SinkStream.Trades);
        channel.Settings["Radar:Sinks:SessionTimeout"] = "300"; // Longer than anything here waits.
        var (first, second) = (await channel.StartAsync(1), await channel.StartAsync(2));
        await second.UntilAsync(() => Task.FromResult(first.Figure("partitions") > 0 && second.Figure("partitions") > 0), "both to have some");
        await channel.ProduceAsync(Enumerable.Range(0, 300).Select(i => (i % 3, (byte[]?)Frames.Trade(i))));
        await first.StopAsync(DesiredState.Delete);
        await second.UntilAsync(
            async () => second.Figure("partitions") == 3 && await channel.CountAsync("count()", "FINAL") == 300 && channel.Committed() == 300, "all partitions to be the second one's");
    }
}
