using System.Net.Http.Json;
using System.Text.Json;
using Radar.Testing;

namespace Radar.EndToEnd.Tests;

public sealed class ReplayTests
{
    [SharedFact("data/klines")]
    public async Task Up_RealWeekWithAnOutage_StoresTheDumpAndTheGoldenPredictions()
    {
        await using var system = new RadarSystem("week");
        await system.UpAsync([.. Fixtures.RealWeek.Arguments(), "--until-caught-up"]);

        // By the exchange's own count, before check asks it as well: six days in nine pages, then a day by the minute, each with a call that gets its candle
        // and one that moves the clock; at the end some in vain, with growing pauses. Neither the outage nor a minute that is over is asked for again and again.
        using var http = new HttpClient();
        var ledger = await http.GetFromJsonAsync<JsonElement>(new Uri(system.ServiceAddress("exchange") + "/radar/ledger"));
        Assert.InRange(ledger.GetProperty("klinesCalls").GetInt64(), 1_440, (2 * 1_440) + 144);
        Assert.Equal(10_000, await system.CountAsync("SELECT count(*) FROM btcusdt"));
        await EndState.AssertAsync(system, Fixtures.RealWeek);
    }

    [Fact]
    public async Task Up_MadeUpCandles_StartsStopsAndStartsAgainClean()
    {
        await using var system = new RadarSystem("made-up");
        await system.UpAsync([.. Fixtures.MadeUp.Arguments(), "--until-caught-up"]);
        await EndState.AssertAsync(system, Fixtures.MadeUp);

        var kill = await system.RunAsync("run", "kill-fleet", "--wait");
        Assert.True(kill.ExitCode == 0, kill.Everything);
        Assert.DoesNotContain(system.Processes(), process => process.Contains("--worker ", StringComparison.Ordinal));
        Assert.Equal(0, await system.CountAsync("SELECT count(*) FROM radar.workers WHERE actual <> 'deleted'"));

        var start = await system.RunAsync("run", "start-fleet", "--wait");
        Assert.True(start.ExitCode == 0, start.Everything);
        Assert.Equal(7, await system.CountAsync("SELECT count(*) FROM radar.workers WHERE actual = 'running'"));
        await EndState.AssertAsync(system, Fixtures.MadeUp);

        var down = await system.RunAsync("down");
        Assert.True(down.ExitCode == 0, down.Everything);
        Assert.Empty(system.Processes());

        // The second start finds everything where it was.
        await system.UpAsync([.. Fixtures.MadeUp.Arguments(), "--until-caught-up"]);
        await EndState.AssertAsync(system, Fixtures.MadeUp);
    }
}
