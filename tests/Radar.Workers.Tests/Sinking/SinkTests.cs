using System.Text;
using Confluent.Kafka;
using Radar.Embedded.Kafka;
using Radar.Market.ClickHouse;
using Radar.Workers.Sinking;

namespace Radar.Workers.Tests.Sinking;

/// <summary>Topics into tables, with everything that happens to brokers, servers and sinks.</summary>
public sealed partial class SinkTests(SinkFixture services) : IClassFixture<SinkFixture>
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
        await sink.UntilAsync(() => Task.FromResult(sink.Figure("unstored") == 300 && sink.Figure("lag") == 300), "it to read them");
        await sink.StopAsync();
        Assert.Equal((300, 300), (await channel.CountAsync("count()"), channel.Committed())); // The batch was far from full, and young.

        age = TimeSpan.FromSeconds(0.1);
        await channel.ProduceAsync(Enumerable.Range(300, 300).Select(i => (i % 3, (byte[]?)Frames.Trade(i))));
        var next = await channel.StartAsync();
        await next.UntilAsync(async () => await channel.CountAsync("count()", "FINAL") == 600 && channel.Committed() == 600, "the rest");
        Assert.Equal(600, await channel.CountAsync("count()")); // Nothing was read twice.
    }

    [Fact]
    public async Task Stop_BrokerGone_StoresWhatWasReadAndDoesNotWaitForTheGroupToBeTold()
    {
        var broker = MockBroker.Start(0, new Dictionary<string, int> { ["radar_trades"] = 1, ["radar_dead_letters"] = 1 });
        await using var channel = await Channel.OpenAsync(services, SinkStream.Trades, broker.BootstrapServers, partitions: 1);
        channel.Settings["Radar:Sinks:BatchAge"] = "60";
        channel.Settings["Radar:Sinks:SessionTimeout"] = "120"; // So long the client would try.
        channel.Settings["Radar:Sinks:FlushWithin"] = "2";
        await channel.ProduceAsync(Enumerable.Range(0, 300).Select(i => (0, (byte[]?)Frames.Trade(i))));
        var sink = await channel.StartAsync();
        await sink.UntilAsync(() => Task.FromResult(sink.Figure("unstored") == 300), "it to read them");
        await broker.DisposeAsync();
        var began = TimeProvider.System.GetTimestamp();
        await sink.StopAsync();
        Assert.InRange(TimeProvider.System.GetElapsedTime(began).TotalSeconds, 0, 30);
        Assert.Equal(300, await channel.CountAsync("count()"));
    }
}
