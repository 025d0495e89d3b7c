using System.Diagnostics;
using Radar.Testing;
using Radar.Workers.Hosting;
using Radar.Workers.Sinking;

namespace Radar.Workers.Tests.Sinking;

/// <summary>Sinks that somebody starts by hand, from their environment alone.</summary>
public sealed class ByHandTests(ClickHouseFixture server) : IClassFixture<ClickHouseFixture>
{
    [Theory]
    [InlineData(true, "a trade read twice is one row")]
    [InlineData(false, "without PostgreSQL a crash may store a block of order books twice (at least once)")]
    public async Task Sink_WithNothingButItsEnvironment_SaysSoAndStoresAllAndGoesOnWhereItStopped(bool trades, string guarantee)
    {
        await using var channel = await Channel.OpenAsync(server, trades ? SinkStream.Trades : SinkStream.Depth);
        var log = Path.GetTempFileName();
        for (var life = 1; life <= 2; life++)
        {
            await channel.ProduceAsync(Enumerable.Range((life - 1) * 300, 300).Select(i => (i % 3, (byte[]?)(trades ? Frames.Trade(i) : Frames.Depth(i)))));
            using var process = Start(channel, log);
            try
            {
                await Until.TrueAsync(
                    async () => await channel.CountAsync("count()") == life * 300 && channel.Committed() == life * 300 || process.HasExited, () => File.ReadAllTextAsync(log));
                ProcessSignals.Terminate(process.Id);
                await process.WaitForExitAsync();
                Assert.Equal(ExitCodes.Done, process.ExitCode);
            }
            finally
            {
                if (!process.HasExited)
                {
                    process.Kill();
                }
            }
        }
        Assert.Equal((600, 600), (await channel.CountAsync("count()"), await channel.CountAsync(trades ? "uniqExact(trade_id)" : "uniqExact(quantities[1])")));
        var first = (await File.ReadAllLinesAsync(log))[0];
        Assert.Contains($"Started {channel.Kind}/1 by hand: settings from the environment alone, no PostgreSQL, no lease, no agent.", first, StringComparison.Ordinal);
        Assert.Contains(guarantee, first, StringComparison.Ordinal);
        File.Delete(log);
    }

    private static Process Start(Channel channel, string log)
    {
        var start = new ProcessStartInfo("/bin/sh");
        foreach (var argument in (string[])["-c", "exec \"$@\" >>\"$0\" 2>&1", log, Path.Combine(AppContext.BaseDirectory, "radar-worker"), channel.Kind])
        {
            start.ArgumentList.Add(argument);
        }
        start.Environment.Remove("RADAR__DATABASE");
        start.Environment.Remove("DATABASE_URL");
        foreach (var (key, value) in channel.Settings)
        {
            start.Environment[key.Replace(":", "__", StringComparison.Ordinal).ToUpperInvariant()] = value;
        }
        return Process.Start(start)!;
    }
}
