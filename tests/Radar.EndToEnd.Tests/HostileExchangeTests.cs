using System.Net.Http.Json;
using System.Text.Json;
using Radar.Testing;

namespace Radar.EndToEnd.Tests;

/// <summary>An exchange that refuses, bans, breaks off and falls silent changes nothing of the end state.</summary>
public sealed class HostileExchangeTests
{
    private static readonly string[] Kinds = ["429", "418", "500", "cut", "timeout"];

    [SharedFact("data/klines")]
    public async Task HostileExchange_TwentyOfEachFaultUnderABindingLimit_EndsAsIfNothingHadHappenedAndIsNeverOverAsked()
    {
        const int Limit = 400, Window = 5; // About 26 rounds of time and klines a second: less than the producer would make.
        await using var system = new RadarSystem("hostile").With("RADAR__EXCHANGE__TIMEOUT", "1");
        await system.UpAsync(
            [.. Fixtures.RealWeek.Arguments(), "--until-caught-up", "--page-size", "10",
             $"--exchange-options=--faults 429=20,418=20,500=20,cut=20,timeout=20 --fault-span 2000 --weight-limit {Limit} --weight-window {Window}"]);

        var ledger = await LedgerAsync(system); // Before check asks the exchange as well.
        Assert.True(ledger.GetProperty("klinesCalls").GetInt64() > 1_000, ledger.ToString());
        Assert.All(Kinds, kind => Assert.True(ledger.GetProperty("faults").GetProperty(kind).GetInt32() >= 20, $"{kind}: {ledger}"));
        Assert.True(ledger.GetProperty("openCandles").GetInt64() >= 20, ledger.ToString());
        Assert.Equal(0, ledger.GetProperty("callsOverLimit").GetInt32());
        Assert.Equal(0, ledger.GetProperty("callsWhileBanned").GetInt32());
        // It did bind: whoever is held back spends most of what he may in some window.
        Assert.InRange(ledger.GetProperty("highestWeight").GetInt32(), Limit * 3 / 4, Limit);
        await EndState.AssertAsync(system, Fixtures.RealWeek);
    }

    private static async Task<JsonElement> LedgerAsync(RadarSystem system)
    {
        using var http = new HttpClient();
        return await http.GetFromJsonAsync<JsonElement>(new Uri(system.ServiceAddress("exchange") + "/radar/ledger"));
    }
}
