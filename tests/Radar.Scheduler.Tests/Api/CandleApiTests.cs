using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Radar.Market.Candles;

namespace Radar.Scheduler.Tests.Api;

public sealed class CandleApiTests(SchedulerFixture fixture) : IClassFixture<SchedulerFixture>
{
    private const long First = 1_679_270_400_000; // 2023-03-20 00:00 UTC
    private readonly HttpClient _program = fixture.Scheduler.Program();

    [Fact]
    public async Task Candles_are_read_in_a_range_and_without_one_the_newest()
    {
        await new CandleTable(fixture.Database, "ETHUSDT").EnsureAsync(CancellationToken.None);
        await fixture.ExecuteAsync("""
            INSERT INTO ethusdt (open_time, open, high, low, close, volume)
            SELECT timestamp '2023-03-20' + n * interval '1 minute', n, n + 2, n - 2, n + 1, 10 FROM generate_series(0, 9) n
            """);
        var range = await GetAsync($"candles/ETHUSDT?from={First + 120_000}&to={First + 300_000}");
        Assert.Equal([First + 120_000, First + 180_000, First + 240_000], range.EnumerateArray().Select(c => c.GetProperty("openTime").GetInt64()));
        Assert.Equal(3, range[0].GetProperty("close").GetDouble());
        var newest = await GetAsync("candles/ethusdt?last=2");
        Assert.Equal(First + 540_000, newest.EnumerateArray().Last().GetProperty("openTime").GetInt64());
    }

    [Fact]
    public async Task Candles_whose_prices_are_no_numbers_say_null()
    {
        await new CandleTable(fixture.Database, "XRPUSDT").EnsureAsync(CancellationToken.None);
        await fixture.ExecuteAsync("INSERT INTO xrpusdt (open_time, open, high, low, close, volume) VALUES ('2023-03-20', 1, NULL, 'NaN', 'Infinity', NULL)");
        var candle = Assert.Single((await GetAsync($"candles/XRPUSDT?from={First}&to={First + 60_000}")).EnumerateArray().ToList());
        Assert.Equal(1, candle.GetProperty("open").GetDouble());
        Assert.All(["high", "low", "close", "volume"], (string price) => Assert.Equal(JsonValueKind.Null, candle.GetProperty(price).ValueKind));
    }

    [Theory]
    [InlineData("candles/DOGEUSDT?from=0&to=60000", HttpStatusCode.NotFound)]
    [InlineData("candles/x;drop?from=0&to=60000", HttpStatusCode.BadRequest)]
    [InlineData("candles/BTCUSDT?from=0&to=1679270400000", HttpStatusCode.BadRequest)]
    public async Task Wrong_request_is_refused_with_a_sentence(string path, HttpStatusCode status)
    {
        using var answer = await _program.GetAsync("/api/v1/" + path);
        Assert.Equal(status, answer.StatusCode);
        Assert.NotEmpty((await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error").GetString()!);
    }

    private Task<JsonElement> GetAsync(string path) => _program.GetFromJsonAsync<JsonElement>("/api/v1/" + path);
}
