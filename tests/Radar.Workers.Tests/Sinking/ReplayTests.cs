using System.Diagnostics;
using System.Text.Json;
using Radar.Embedded;
using Radar.Market.ClickHouse;
using Radar.Workers.Sinking;

namespace Radar.Workers.Tests.Sinking;

/// <summary>From the sink that sets a record aside, through the operator's command, back into the same sink.</summary>
public sealed class ReplayTests(SinkFixture services) : IClassFixture<SinkFixture>
{
    [Fact]
    public async Task Replay_OfRecordsWhoseCauseIsGone_StoresEachOnce()
    {
        await using var channel = await Channel.OpenAsync(services, SinkStream.Trades);
        await TableSetup.SetupAsync(channel.Server, channel.Options().Table, default);
        await channel.Server.ExecuteAsync($"ALTER TABLE {channel.Table} ADD CONSTRAINT dear CHECK price < 1000000", default);
        await channel.ProduceAsync(Enumerable.Range(0, 300).Select(i => (i % 3, (byte[]?)Frames.Trade(i, i == 100 ? "abc" : i is 150 or 151 ? "1000001" : "5"))));
        var sink = await channel.StartAsync();
        await sink.UntilAsync(async () => await channel.CountAsync("count()") == 297 && channel.Committed() == 300 && sink.Figure("deadLetters") == 3, "the others");

        await channel.Server.ExecuteAsync($"ALTER TABLE {channel.Table} DROP CONSTRAINT dear", default);
        var folder = Directory.CreateTempSubdirectory("radar-replay-").FullName;
        try
        {
            var right = Path.Combine(folder, "right.json");
            await File.WriteAllBytesAsync(right, Frames.Trade(100, "5"));
            Assert.Contains("2 sent back", await RunAsync(channel, folder, "replay", "--all", "--reason", "refused by ClickHouse"), StringComparison.Ordinal);
            Assert.Contains("1 sent back", await RunAsync(channel, folder, "replay", "radar_trades/1/33", "--value", right), StringComparison.Ordinal);
            Assert.Contains("0 sent back, 3 not again", await RunAsync(channel, folder, "replay", "--all"), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
        await sink.UntilAsync(async () => await channel.CountAsync("count()") == 300 && channel.Committed() == 303, "those that were sent back");
        Assert.Equal((300, 2), (await channel.CountAsync("uniqExact(trade_id)"), await channel.CountAsync("countIf(price = 1000001)")));
        Assert.Equal(3, channel.DeadLetters().Count);
    }

    // The operator's program over a state folder that names broker and database.
    private static async Task<string> RunAsync(Channel channel, string folder, params string[] arguments)
    {
        await WriteAsync("system.json", new
        {
            phase = "down", launcher = "nowhere 1 1", mode = "replay", speed = "max", services = new[] { new { name = "kafka", state = "up", address = channel.BootstrapServers } },
        });
        await WriteAsync("secrets.json", new { database = channel.Connection, databasePassword = "", operatorPassword = "correct horse", apiToken = "battery-staple-battery", ports = new { } });
        var start = new ProcessStartInfo("dotnet") { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (var argument in (string[])[RepositoryRoot.Program("Radar.Scheduler", "radar-scheduler"), "dead-letters", .. arguments, "--state", folder])
        {
            start.ArgumentList.Add(argument);
        }
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, await errors);
        return await output;

        Task WriteAsync(string name, object value) => File.WriteAllTextAsync(Path.Combine(folder, name), JsonSerializer.Serialize(value));
    }
}
