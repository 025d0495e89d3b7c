using System.Text;
using Radar.Embedded.Kafka;
using Radar.Market.ClickHouse;
using Radar.Workers.Sinking;

namespace Radar.Workers.Tests.Sinking;

// Order books, whose table has every row once only because each block is inserted once.
public sealed partial class SinkTests
{
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
        if (!wasInserted)
        {
            Assert.True(await IsKnownAsync(channel, "its")); // The block was stored as what it was written down as.
        }
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
    public async Task Depth_KilledAmongThePartsOfARefusedBlock_HasEveryRowOnceThoughTheCauseIsGone()
    {
        await using var broker = MockBroker.Start(0, new Dictionary<string, int> { ["radar_depths"] = 1, ["radar_dead_letters"] = 1 });
        await using var channel = await Channel.OpenAsync(services, SinkStream.Depth, broker.BootstrapServers, partitions: 1);
        channel.Settings["Radar:Sinks:FlushWithin"] = "0.1";
        await TableSetup.SetupAsync(channel.Server, channel.Options().Table, default);
        await channel.Server.ExecuteAsync($"ALTER TABLE {channel.Table} ADD CONSTRAINT odd CHECK quantities[1] != 31", default);
        await channel.ProduceAsync(Enumerable.Range(0, 100).Select(i => (0, (byte[]?)Frames.Depth(i))));
        broker.Fail(0, [.. Enumerable.Repeat(29, 200)]); // Nobody may write dead letters: it waits in the middle of the block.
        var sink = await channel.StartAsync();
        await sink.UntilAsync(() => Task.FromResult(sink.Context.Activity?.Contains("does not take dead letters", StringComparison.Ordinal) == true), "it to find the culprit");
        await sink.StopAsync();
        Assert.Equal(30, await channel.CountAsync("count()"));

        await channel.Server.ExecuteAsync($"ALTER TABLE {channel.Table} DROP CONSTRAINT odd", default);
        var next = await channel.StartAsync();
        await next.UntilAsync(async () => await channel.CountAsync("max(quantities[1])") == 100 && channel.Committed() == 100, "the last one");
        Assert.Equal((100, 100), (await channel.CountAsync("count()"), await channel.CountAsync("uniqExact(quantities[1])")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Depth_TopicThatLostItsEnd_HasWhatCameThereSinceStored(bool wasOpen)
    {
        await using var channel = await Channel.OpenAsync(services, SinkStream.Depth, partitions: 1);
        await channel.ProduceAsync(Enumerable.Range(0, 100).Select(i => (0, (byte[]?)Frames.Depth(i))));
        var sink = await channel.StartAsync();
        await sink.UntilAsync(async () => await channel.CountAsync("count()") == 100 && channel.Committed() == 100, "the first ones");
        await sink.StopAsync();

        // It had more, up to 199, until the broker lost its power.
        await channel.ExecuteAsync(
            $"UPDATE radar.depth_blocks SET first_offset = {(wasOpen ? 90 : 150)}, last_offset = 199, stored = {(wasOpen ? "false" : "true")}, token = {(wasOpen ? "token" : "'its'")}");
        if (wasOpen)
        {
            // Nobody knows whether it was stored, and the broker still has ten of it: those are made again.
            await channel.Server.ExecuteAsync($"TRUNCATE TABLE {channel.Table}", default);
            await channel.ExecuteAsync("UPDATE radar.depth_blocks SET token = 'its'");
        }
        var next = await channel.StartAsync();
        await next.UntilAsync(() => Task.FromResult(channel.Committed() == 100 && next.Figure("partitions") == 1), "it to be where the topic ends");
        await channel.ProduceAsync(Enumerable.Range(100, 120).Select(i => (0, (byte[]?)Frames.Depth(i))));
        await next.UntilAsync(async () => await channel.CountAsync("max(quantities[1])") == 220 && channel.Committed() == 220, "the last one");
        var rows = wasOpen ? 130 : 220;
        Assert.Equal((rows, rows), (await channel.CountAsync("count()"), await channel.CountAsync("uniqExact(quantities[1])")));
        Assert.Equal(wasOpen, await IsKnownAsync(channel, "its"));
    }

    [Fact]
    public async Task Depth_TopicThatBeganAnew_IsReadFromItsBeginningByWhoeverClaimsItSecond()
    {
        await using var channel = await Channel.OpenAsync(services, SinkStream.Depth, partitions: 1);
        await channel.ProduceAsync(Enumerable.Range(0, 50).Select(i => (0, (byte[]?)Frames.Depth(i))));
        var sink = await channel.StartAsync();
        await sink.UntilAsync(async () => await channel.CountAsync("count()") == 50 && channel.Committed() == 50, "the first ones");
        await sink.StopAsync();

        // Blocks of a topic that was; whoever found that out had no time to store anything of this one.
        await channel.ExecuteAsync("UPDATE radar.depth_blocks SET incarnation = 'another'");
        var blocks = new DepthBlocks(channel.Database, channel.Topic, "the first", new("sink", 1));
        Assert.Equal(-1, (await blocks.ClaimAsync(0, default)).Last);
        Assert.Equal(-1, (await blocks.ClaimAsync(0, default)).Last);
        await channel.ExecuteAsync("UPDATE radar.depth_blocks SET incarnation = (SELECT split_part(token, '/', 2) FROM radar.depth_blocks)");
        await channel.Server.ExecuteAsync($"TRUNCATE TABLE {channel.Table}", default);
        var next = await channel.StartAsync();
        await next.UntilAsync(async () => await channel.CountAsync("count()") == 50, "all of them");
    }

    [Fact]
    public async Task Depth_PartitionThatAnotherTookOver_IsClaimedAnewWhileKafkaGivesItToUs()
    {
        await using var channel = await Channel.OpenAsync(services, SinkStream.Depth, partitions: 1);
        var sink = await channel.StartAsync();
        await channel.ProduceAsync([(0, Frames.Depth(0))]);
        await sink.UntilAsync(async () => await channel.CountAsync("count()") == 1, "the first one");
        await channel.ExecuteAsync("UPDATE radar.depth_blocks SET claim = claim + 1, owner = 'another'");
        var claim = await sink.CountAsync("SELECT claim FROM radar.depth_blocks");

        // What it has read is not its to store; what it reads after its own claim is.
        await channel.ProduceAsync([(0, Frames.Depth(1))]);
        await sink.UntilAsync(async () => await channel.CountAsync("count()") == 2 && channel.Committed() == 2, "the second one");
        Assert.Equal(claim + 1, await sink.CountAsync("SELECT claim FROM radar.depth_blocks"));
        Assert.Equal(2, await channel.CountAsync("uniqExact(quantities[1])"));
    }

    [Fact]
    public async Task Depth_OnePartitionThatNeverEnds_DoesNotKeepTheOthersWaiting()
    {
        await using var channel = await Channel.OpenAsync(services, SinkStream.Depth, options => options with { BatchRows = 20 }, partitions: 2);
        using var enough = new CancellationTokenSource();
        var sink = await channel.StartAsync();
        var flood = Task.Run(async () =>
        {
            for (var sent = 0; !enough.IsCancellationRequested;)
            {
                // Always enough for several batches, and never so much that the other partition's record would be read late.
                if (sent - await channel.CountAsync("count()") < 400)
                {
                    await channel.ProduceAsync(Enumerable.Range(sent, 200).Select(i => (0, (byte[]?)Frames.Depth(i))));
                    sent += 200;
                }
            }
        });
        try
        {
            await sink.UntilAsync(async () => await channel.CountAsync("count()") > 500, "the long one to be read");
            await channel.ProduceAsync([(1, Frames.Depth(1_000_000))]);
            await sink.UntilAsync(async () => await channel.CountAsync("countIf(quantities[1] = 1000001)") == 1, "the short one");
        }
        finally
        {
            await enough.CancelAsync();
            await flood;
        }
    }

    [Fact]
    public async Task Depth_RecordWhoseReasonQuotesAllOfIt_IsSetAsideAndTheRestStored()
    {
        await using var channel = await Channel.OpenAsync(services, SinkStream.Depth, partitions: 1);
        var wrong = Encoding.UTF8.GetBytes($$"""["{{new string('X', 850_000)}}@sellDepth",{}]""");
        await channel.ProduceAsync([(0, Frames.Depth(0)), (0, wrong), (0, Frames.Depth(1))]);
        var sink = await channel.StartAsync();
        await sink.UntilAsync(async () => await channel.CountAsync("count()") == 2 && channel.Committed() == 3, "the others");
        var letter = Assert.Single(channel.DeadLetters());
        Assert.Equal((1, true), (letter.Offset, letter.IsWhole));
        Assert.StartsWith("levels of XXX", letter.Reason, StringComparison.Ordinal);
        Assert.InRange(letter.Reason.Length, 2_000, 2_010);
    }

    // Whether the table knows a block by this name: it takes a row under it or not.
    private static async Task<bool> IsKnownAsync(Channel channel, string token)
    {
        var newest = await channel.CountAsync("toUnixTimestamp64Milli(max(timestamp))"); // A day has names of its own.
        using var row = new RowBinaryBatch();
        Assert.Null(new DepthParser(DepthFormat.Array).Parse(Frames.Depth(0), newest, 0, row));
        var before = await channel.CountAsync("count()");
        await channel.Server.InsertAsync(channel.Options().Table, row.Content, token, default);
        return await channel.CountAsync("count()") == before;
    }
}
