using System.Text;
using System.Text.Json;
using Confluent.Kafka;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Radar.Embedded.Kafka;
using Radar.Jobs.Schema;
using Radar.Market.Topics;
using Radar.Scheduler.Cli.DeadLetters;
using Radar.Testing;

namespace Radar.Scheduler.Tests.Cli;

/// <summary>What <c>dead-letters</c> lists, shows and sends back.</summary>
public sealed class DeadLettersTests : IAsyncLifetime
{
    private const long Noon = 1_790_000_000_000;
    private readonly PostgresFixture _postgres = new();
    private readonly MockBroker _broker = MockBroker.Start(0, new Dictionary<string, int> { ["radar_trades"] = 3, ["radar_dead_letters"] = 1 });
    private OperatorProcess _radar = null!;
    private NpgsqlDataSource _database = null!;

    public async Task InitializeAsync()
    {
        await _postgres.InitializeAsync();
        _database = await _postgres.CreateDatabaseAsync();
        await new Migrator(_database, NullLogger<Migrator>.Instance).MigrateAsync(CancellationToken.None);
        _radar = new OperatorProcess(_postgres.Server, _database, _broker.BootstrapServers);
    }

    public async Task DisposeAsync()
    {
        _radar.Forget();
        await _broker.DisposeAsync();
        await _postgres.DisposeAsync();
    }

    [Fact]
    public async Task Dead_letters_are_listed_shown_and_sent_back_once()
    {
        var (_, none, _) = await _radar.RunAsync("dead-letters", "list");
        Assert.Contains("No dead letters", none, StringComparison.Ordinal);

        var large = Encoding.UTF8.GetBytes("{\"large\":\"" + new string('x', 950_000) + "\"}");
        await ProduceAsync("radar_trades", [(2, large)]);
        await SetAsideAsync(
            Letter(0, 41, """{"price":"abc"}"""u8.ToArray(), "a price of 'abc'"), Letter(0, 41, """{"price":"abc"}"""u8.ToArray(), "a price of 'abc'"), // Twice: its sink crashed in between.
            Letter(1, 7, [0xff, 0x00, 0x41], "not UTF-8"), Letter(1, 8, null, "an empty value"), Letter(2, 0, large, "no trade"));

        var list = await _radar.RunAsync("dead-letters", "list");
        Assert.True(list.Code == 0, list.Errors);
        Assert.Contains("radar_trades/0/41\t2026-09-21 14:13:20.000\ttrades-sink/1\t15\t-\ta price of 'abc'", list.Output, StringComparison.Ordinal);
        Assert.Contains("5 dead letters.", list.Output, StringComparison.Ordinal);
        var two = await _radar.RunAsync("dead-letters", "list", "-n", "1");
        Assert.Contains("4 older ones are not shown", two.Output, StringComparison.Ordinal);
        Assert.Contains("           2  a price of 'abc'", two.Output, StringComparison.Ordinal);

        var shown = await _radar.RunAsync("dead-letters", "show", "radar_trades/0/41");
        Assert.Contains("{\"price\":\"abc\"}", shown.Output, StringComparison.Ordinal);
        Assert.Contains("replayed  no", shown.Output, StringComparison.Ordinal);
        Assert.Contains("00000000  ff0041                            ..A", (await _radar.RunAsync("dead-letters", "show", "radar_trades/1/7")).Output, StringComparison.Ordinal);
        Assert.Contains("--raw asks the origin", (await _radar.RunAsync("dead-letters", "show", "radar_trades/2/0")).Output, StringComparison.Ordinal);
        Assert.Equal(Encoding.UTF8.GetString(large), (await _radar.RunAsync("dead-letters", "show", "radar_trades/2/0", "--raw")).Output);
        var unknown = await _radar.RunAsync("dead-letters", "show", "radar_trades/9/9");
        Assert.Equal((1, true), (unknown.Code, unknown.Errors.Contains("no dead letter radar_trades/9/9", StringComparison.Ordinal)));

        var corrected = Path.Combine(_radar.State, "corrected.json");
        await File.WriteAllTextAsync(corrected, """{"price":"5"}""");
        var one = await _radar.RunAsync("dead-letters", "replay", "radar_trades/0/41", "--value", corrected);
        Assert.True(one.Code == 0 && one.Output.Contains("1 sent back", StringComparison.Ordinal), one.Output + one.Errors);
        var rest = await _radar.RunAsync("dead-letters", "replay", "--all");
        Assert.True(rest.Code == 0 && rest.Output.Contains("3 sent back, 1 not again", StringComparison.Ordinal), rest.Output + rest.Errors);
        Assert.Contains("0 sent back, 4 not again", (await _radar.RunAsync("dead-letters", "replay", "--all")).Output, StringComparison.Ordinal);

        var back = Read("radar_trades").Where(record => record.Message.Headers.Count > 0).ToList();
        Assert.All(back, record => Assert.Equal(Noon, record.Message.Timestamp.UnixTimestampMs));
        Assert.Equal([(0, """{"price":"5"}""")], back.Where(r => r.Partition.Value == 0).Select(r => (0, Encoding.UTF8.GetString(r.Message.Value))));
        Assert.Equal([[0xff, 0x00, 0x41], null], back.Where(r => r.Partition.Value == 1).Select(r => r.Message.Value));
        Assert.Equal(large, back.Single(r => r.Partition.Value == 2).Message.Value);
        Assert.Contains(back, r => Encoding.UTF8.GetString(r.Message.Headers[0].GetValueBytes()) == "radar_trades/0/41");

        using var json = JsonDocument.Parse((await _radar.RunAsync("dead-letters", "list", "--json")).Output);
        Assert.All(json.RootElement.EnumerateArray(), letter => Assert.True(letter.GetProperty("sent").GetBoolean()));
        Assert.Contains("1 sent back", (await _radar.RunAsync("dead-letters", "replay", "--all", "--again", "--reason", "UTF-8")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Replay_of_a_large_one_whose_origin_is_gone_says_so_and_sends_the_others()
    {
        await SetAsideAsync(Letter(2, 0, new byte[950_000], "no trade"), Letter(0, 1, "x"u8.ToArray(), "no JSON"));
        await ProduceAsync("radar_trades", [(2, "another"u8.ToArray())]);
        var (code, output, errors) = await _radar.RunAsync("dead-letters", "replay", "--all");
        Assert.Equal(1, code);
        Assert.Contains("1 sent back, 1 could not be", output, StringComparison.Ordinal);
        Assert.Contains("radar_trades/2/0 is 950,000 bytes long", errors, StringComparison.Ordinal);
        Assert.Contains("radar_trades/0/1", (await _radar.RunAsync("dead-letters", "list")).Output, StringComparison.Ordinal);

        var wrong = await _radar.RunAsync("dead-letters", "replay");
        Assert.Equal((1, true), (wrong.Code, wrong.Errors.Contains("say --all", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Replay_the_broker_refuses_leaves_what_was_written_of_an_earlier_one()
    {
        await SetAsideAsync(Letter(0, 1, "x"u8.ToArray(), "no JSON"), Letter(0, 2, "y"u8.ToArray(), "no JSON"));
        Assert.Contains("1 sent back", (await _radar.RunAsync("dead-letters", "replay", "radar_trades/0/1")).Output, StringComparison.Ordinal);
        _broker.Fail(0, 29, 29, 29, 29); // Not allowed to write there.
        var (code, output, errors) = await _radar.RunAsync("dead-letters", "replay", "--all", "--again");
        Assert.True(code == 1 && output.Contains("0 sent back, 2 could not be", StringComparison.Ordinal), output + errors);

        // The first one was sent back once, the second one never.
        using var json = JsonDocument.Parse((await _radar.RunAsync("dead-letters", "list", "--json")).Output);
        Assert.Equal(
            [("radar_trades/0/1", true), ("radar_trades/0/2", false)],
            json.RootElement.EnumerateArray().Select(letter => (letter.GetProperty("id").GetString()!, letter.GetProperty("sent").ValueKind == JsonValueKind.True)).Order());
    }

    [Fact]
    public async Task Replay_whose_answer_did_not_come_stays_written_down_and_is_not_sent_again()
    {
        var book = new ReplayBook(_database);
        DeadLetter[] letters = [Letter(0, 1, "x"u8.ToArray(), "no JSON"), Letter(0, 2, "y"u8.ToArray(), "no JSON")];
        var tried = new List<long>();
        Func<DeadLetter, CancellationToken, Task> send = (letter, _) =>
        {
            tried.Add(letter.Offset);
            return Task.FromException(Unanswered(mayHaveTaken: letter.Offset == 1));
        };
        var round = new ReplayRound(book, send, again: false);
        await round.SendAsync(letters, default);
        Assert.Equal((0, 1, 1), (round.Sent, round.Undecided, round.Failed));
        Assert.False((await book.FindAsync(letters[0], default))!.IsSent);
        Assert.Null(await book.FindAsync(letters[1], default));

        await new ReplayRound(book, send, again: false).SendAsync(letters, default);
        Assert.Equal([1, 2, 2], tried);
    }

    private static BrokerException Unanswered(bool mayHaveTaken) =>
        new("No answer", new Error(mayHaveTaken ? ErrorCode.Local_MsgTimedOut : ErrorCode.TopicAuthorizationFailed)) { MayHaveTaken = mayHaveTaken };

    private static DeadLetter Letter(int partition, long offset, byte[]? value, string reason) =>
        DeadLetter.Of("radar_trades", partition, offset, Noon, value, reason, "trades-sink/1");

    private async Task SetAsideAsync(params DeadLetter[] letters)
    {
        using var producer = new ProducerBuilder<byte[], byte[]?>(new ProducerConfig { BootstrapServers = _broker.BootstrapServers }).Build();
        foreach (var letter in letters)
        {
            await producer.ProduceAsync("radar_dead_letters", letter.ToMessage());
        }
    }

    private async Task ProduceAsync(string topic, (int Partition, byte[] Value)[] records)
    {
        using var producer = new ProducerBuilder<Null, byte[]>(new ProducerConfig { BootstrapServers = _broker.BootstrapServers }).Build();
        foreach (var (partition, value) in records)
        {
            await producer.ProduceAsync(new TopicPartition(topic, partition), new Message<Null, byte[]> { Value = value });
        }
    }

    private List<ConsumeResult<byte[], byte[]>> Read(string topic)
    {
        using var consumer = new ConsumerBuilder<byte[], byte[]>(
            new ConsumerConfig { BootstrapServers = _broker.BootstrapServers, GroupId = "test", EnablePartitionEof = true, EnableAutoCommit = false }).Build();
        consumer.Assign(Enumerable.Range(0, 3).Select(partition => new TopicPartitionOffset(topic, partition, Offset.Beginning)));
        var records = new List<ConsumeResult<byte[], byte[]>>();
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        for (var ends = 0; ends < 3;)
        {
            var record = consumer.Consume(deadline.Token);
            if (record.IsPartitionEOF)
            {
                ends++;
            }
            else
            {
                records.Add(record);
            }
        }
        return records;
    }
}
