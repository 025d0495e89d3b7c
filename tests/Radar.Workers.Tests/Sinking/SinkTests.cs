using System.Text;
using Confluent.Kafka;
using Radar.Market.ClickHouse;
using Radar.Workers.Sinking;

namespace Radar.Workers.Tests.Sinking;

/// <summary>Topics into tables, with everything that happens to brokers, servers and sinks.</summary>
public sealed class SinkTests(SinkFixture services) : IClassFixture<SinkFixture>
{
    [Fact]
    public async Task Trades_WithRefusedOnesAmongThem_AreStoredAndThoseSetAside()
    {
        await using var channel = await Channel.OpenAsync(services, SinkStream.Trades);
        await channel.ProduceAsync(Enumerable.Range(0, 3_000).Select(i => (i % 3, (byte[]?)Frames.Trade(i, i % 1_000 == 500 ? "abc" : "82131.5"))));
        await channel.ProduceAsync([(0, null), (1, "{\"sid\":\"x\",\"pingInterval\":1}"u8.ToArray()), (2, Encoding.UTF8.GetBytes(new string('x', 1_000)))]);
        var sink = await channel.StartAsync();
        await sink.UntilAsync(async () => sink.IsRunning && await channel.CountAsync("count()", "FINAL") == 2_997 && channel.Committed() == 3_003, "all good ones");

        var dead = channel.DeadLetters();
        Assert.Equal(5, dead.Count);
        Assert.Equal(3, dead.Count(letter => letter.Reason == "a price of 'abc'"));
        var letter = dead.Single(d => d.Offset == 166 && d.Topic == "radar_trades"); // The 500th of all is the 166th of its partition.
        Assert.Equal((500 % 3, true, "trades-sink/1"), (letter.Partition, letter.IsWhole, letter.Worker));
        Assert.Equal(Frames.Trade(500, "abc"), letter.Value);
        Assert.Contains(dead, d => d.Value is null && d.Reason == "an empty value");
        Assert.Equal("0", (await channel.Server.QueryAsync($"SELECT count() FROM {channel.Table} WHERE inserted_at < now() - 3600", default))[0][0]);

        // What was put right comes back through the topic, and is stored once.
        await channel.ProduceAsync(Enumerable.Repeat((1, (byte[]?)Frames.Trade(500)), 2));
        await sink.UntilAsync(async () => await channel.CountAsync("count()", "FINAL") == 2_998 && channel.Committed() == 3_005, "the corrected one");
        Assert.Equal((5, 0), (sink.Figure("deadLetters"), sink.Figure("lag")));
        Assert.True(sink.Figure("batches") > 0 && sink.Figure("partitions") == 3);
    }

    [Fact]
    public async Task Batch_RefusedByTheServer_IsPartedUntilTheCulpritIsAlone()
    {
        await using var channel = await Channel.OpenAsync(services, SinkStream.Trades);
        await TableSetup.SetupAsync(channel.Server, channel.Options().Table, default);
        await channel.Server.ExecuteAsync($"ALTER TABLE {channel.Table} ADD CONSTRAINT dear CHECK price < 1000000", default);
        await channel.ProduceAsync(Enumerable.Range(0, 1_000).Select(i => (0, (byte[]?)Frames.Trade(i, i is 17 or 18 or 999 ? "1000001" : "5"))));
        var sink = await channel.StartAsync();
        await sink.UntilAsync(async () => await channel.CountAsync("count()", "FINAL") == 997 && channel.Committed() == 1_000, "the others");
        Assert.Equal([17, 18, 999], channel.DeadLetters().Select(letter => letter.Offset).Order());
        Assert.All(channel.DeadLetters(), letter => Assert.Contains("refused by ClickHouse", letter.Reason, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Server_KilledAndStartedAgain_IsWaitedForAndNothingIsLost()
    {
        await using var channel = await Channel.OpenAsync(services, SinkStream.Trades, options => options with { BatchRows = 200 });
        var sink = await channel.StartAsync();
        await channel.ProduceAsync(Enumerable.Range(0, 500).Select(i => (i % 3, (byte[]?)Frames.Trade(i))));
        await sink.UntilAsync(async () => await channel.CountAsync("count()", "FINAL") == 500, "the first ones");
        await services.ClickHouse.KillAsync();
        try
        {
            await channel.ProduceAsync(Enumerable.Range(500, 4_000).Select(i => (i % 3, (byte[]?)Frames.Trade(i))));
            await sink.UntilAsync(() => Task.FromResult(sink.Context.Activity?.StartsWith("waiting for ClickHouse", StringComparison.Ordinal) == true && sink.Figure("lag") > 3_000), "it to wait");
        }
        finally
        {
            await services.ClickHouse.StartAgainAsync();
        }
        await sink.UntilAsync(async () => await channel.CountAsync("count()", "FINAL") == 4_500 && channel.Committed() == 4_500 && sink.Figure("lag") == 0, "the rest");
        Assert.Null(sink.Context.Activity);
    }

    [Fact]
    public async Task Server_AwayWhileTheGroupChanges_IsWaitedForByWhoeverHasThePartitionsThen()
    {
        await using var channel = await Channel.OpenAsync(services, SinkStream.Trades, options => options with { BatchRows = 200, FlushWithin = TimeSpan.FromSeconds(0.2) });
        var sink = await channel.StartAsync();
        await sink.UntilAsync(() => Task.FromResult(sink.Figure("partitions") == 3), "its partitions");
        await services.ClickHouse.KillAsync();
        try
        {
            await channel.ProduceAsync(Enumerable.Range(0, 3_000).Select(i => (i % 3, (byte[]?)Frames.Trade(i))));
            await sink.UntilAsync(() => Task.FromResult(sink.Context.Activity?.StartsWith("waiting for ClickHouse", StringComparison.Ordinal) == true && sink.Figure("lag") > 2_000), "it to wait");
            using var other = new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig
            {
                BootstrapServers = channel.BootstrapServers, GroupId = channel.Options().Group, SessionTimeoutMs = 6_000, EnableAutoCommit = false,
            }).Build();
            other.Subscribe(channel.Topic);
            await sink.UntilAsync(
                () =>
                {
                    other.Consume(10);
                    return Task.FromResult(other.Assignment.Count > 0 && sink.Figure("partitions") < 3);
                },
                "another member to have some");
            other.Close();
            await sink.UntilAsync(() => Task.FromResult(sink.Figure("partitions") == 3), "all partitions again");
        }
        finally
        {
            await services.ClickHouse.StartAgainAsync();
        }
        await sink.UntilAsync(async () => await channel.CountAsync("count()", "FINAL") == 3_000 && channel.Committed() == 3_000 && sink.Figure("lag") == 0, "all of them");
    }

    [Fact]
    public async Task Stop_InTheMiddle_StoresWhatWasReadAndItsSuccessorGoesOn()
    {
        var age = TimeSpan.FromSeconds(30);
        await using var channel = await Channel.OpenAsync(services, SinkStream.Trades, options => options with { BatchAge = age });
        var sink = await channel.StartAsync();
        await channel.ProduceAsync(Enumerable.Range(0, 300).Select(i => (i % 3, (byte[]?)Frames.Trade(i))));
        await sink.UntilAsync(() => Task.FromResult(sink.Figure("lag") == 300), "it to see them");
        await sink.StopAsync();
        var stored = await channel.CountAsync("count()");
        Assert.Equal(stored, channel.Committed()); // The batch was far from full, and young.

        age = TimeSpan.FromSeconds(0.1);
        await channel.ProduceAsync(Enumerable.Range(300, 300).Select(i => (i % 3, (byte[]?)Frames.Trade(i))));
        var next = await channel.StartAsync();
        await next.UntilAsync(async () => await channel.CountAsync("count()", "FINAL") == 600 && channel.Committed() == 600, "the rest");
        Assert.Equal(600, await channel.CountAsync("count()")); // Nothing was read twice.
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Depth_CrashBetweenBlockAndItsEnd_RedoesExactlyThatBlock(bool wasInserted)
    {
        await using var channel = await Channel.OpenAsync(services, SinkStream.Depth, partitions: 1);
        await channel.ProduceAsync(Enumerable.Range(0, 100).Select(i => (0, (byte[]?)Frames.Depth(i))));
        var sink = await channel.StartAsync();
        await sink.UntilAsync(async () => await channel.CountAsync("count()") == 100 && channel.Committed() == 100, "the first ones");
        await sink.StopAsync();
        Assert.Equal(100, await channel.CountAsync("sum(levels = 2)"));

        // A sink that wrote its block down and was killed before, or after, the server had it.
        await channel.ProduceAsync(Enumerable.Range(100, 30).Select(i => (0, (byte[]?)Frames.Depth(i))));
        if (wasInserted)
        {
            var dying = await channel.StartAsync();
            await dying.UntilAsync(async () => await channel.CountAsync("count()") == 130, "the block to be inserted");
            await dying.StopAsync();
            await channel.ExecuteAsync("UPDATE radar.depth_blocks SET stored = false");
        }
        else
        {
            await channel.ExecuteAsync("UPDATE radar.depth_blocks SET first_offset = 100, last_offset = 119, token = 'its', stored = false");
        }
        await channel.ProduceAsync(Enumerable.Range(130, 50).Select(i => (0, (byte[]?)Frames.Depth(i))));
        var next = await channel.StartAsync();
        await next.UntilAsync(async () => await channel.CountAsync("max(quantities[1])", "") == 180 && channel.Committed() == 180, "the last one");
        Assert.Equal((180, 180), (await channel.CountAsync("count()"), await channel.CountAsync("uniqExact(quantities[1])")));
        Assert.Equal("180", (await channel.Server.QueryAsync($"SELECT countIf(toUnixTimestamp64Milli(timestamp) > 0) FROM {channel.Table}", default))[0][0]);
    }

    [Fact]
    public async Task Depth_StoredByOneThatWasKilledBeforeTheGroupWasTold_IsTold()
    {
        await using var channel = await Channel.OpenAsync(services, SinkStream.Depth, partitions: 1);
        await channel.ProduceAsync(Enumerable.Range(0, 100).Select(i => (0, (byte[]?)Frames.Depth(i))));
        var sink = await channel.StartAsync();
        await sink.UntilAsync(async () => await channel.CountAsync("count()") == 100 && channel.Committed() == 100, "all of them");
        await sink.StopAsync();
        channel.Settings["Radar:Sinks:DepthGroup"] = "one that was told nothing";
        Assert.Equal(0, channel.Committed());
        var next = await channel.StartAsync();
        await next.UntilAsync(() => Task.FromResult(channel.Committed() == 100 && next.Figure("partitions") == 1 && next.Figure("lag") == 0), "the group to be told");
        Assert.Equal(100, await channel.CountAsync("count()"));
    }

    [Fact]
    public async Task Depth_PartitionTakenOverByAnother_GivesItsBatchUp()
    {
        await using var channel = await Channel.OpenAsync(services, SinkStream.Depth, partitions: 1);
        var sink = await channel.StartAsync();
        await channel.ProduceAsync([(0, Frames.Depth(0))]);
        await sink.UntilAsync(async () => await channel.CountAsync("count()") == 1, "the first one");
        await channel.ExecuteAsync("UPDATE radar.depth_blocks SET claim = claim + 1, owner = 'another'");
        await channel.ProduceAsync([(0, Frames.Depth(1))]);
        await sink.UntilAsync(() => Task.FromResult(sink.Figure("lag") == 1), "it to see the second one");
        await sink.StopAsync();
        Assert.Equal(1, await channel.CountAsync("count()"));

        // Whoever has it next stores it.
        var next = await channel.StartAsync(2);
        await next.UntilAsync(async () => await channel.CountAsync("count()") == 2, "the second one");
    }
}
