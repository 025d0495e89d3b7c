using System.Net;
using Radar.Market.Binance;

namespace Radar.Market.Tests.Binance;

/// <summary>What an exchange, or something between it and us, may answer instead of an answer.</summary>
public sealed class BinanceClientTests
{
    private const string Limits = """{"rateLimits":[{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":6000}]}""";

    [Theory]
    [InlineData(408, "")]
    [InlineData(425, "")]
    [InlineData(400, """{"code":-1000,"msg":"An unknown error occurred while processing the request."}""")]
    [InlineData(400, """{"code":-1001,"msg":"Internal error; unable to process your request. Please try again."}""")]
    [InlineData(400, """{"code":-1007,"msg":"Timeout waiting for response from backend server."}""")]
    [InlineData(400, """{"code":-1008,"msg":"Server is currently overloaded with other requests."}""")]
    [InlineData(502, "<html>")]
    [InlineData(200, "{}")]
    [InlineData(200, "[]")]
    [InlineData(200, """{"serverTime":"soon"}""")]
    [InlineData(200, """{"serverTime":1.5}""")]
    [InlineData(200, "<html>")]
    public async Task Call_AnsweredWithWhatPasses_IsMadeAgain(int status, string body)
    {
        using var exchange = new Exchange(((HttpStatusCode)status, body), (HttpStatusCode.OK, """{"serverTime":7}"""));
        using var http = new HttpClient(exchange);
        using var client = new BinanceClient(http, new ExchangeOptions(), TimeProvider.System);
        Assert.Equal(7, await client.ServerTimeAsync(CancellationToken.None));
        Assert.Equal(2, exchange.Calls);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""[[1,"1","1"]]""")]
    [InlineData("""{"rows":[]}""")]
    public async Task Klines_OfAnotherShape_AreAskedForAgain(string body)
    {
        using var exchange = new Exchange((HttpStatusCode.OK, body), (HttpStatusCode.OK, "[]"));
        using var http = new HttpClient(exchange);
        using var client = new BinanceClient(http, new ExchangeOptions(), TimeProvider.System);
        Assert.Empty(await client.KlinesAsync("BTCUSDT", 0, 10, CancellationToken.None));
        Assert.Equal(2, exchange.Calls);
    }

    [Fact]
    public async Task Call_RefusedForGood_IsNot()
    {
        using var exchange = new Exchange((HttpStatusCode.BadRequest, """{"code":-1121,"msg":"Invalid symbol."}"""));
        using var http = new HttpClient(exchange);
        using var client = new BinanceClient(http, new ExchangeOptions(), TimeProvider.System);
        var refused = await Assert.ThrowsAsync<BinanceException>(() => client.KlinesAsync("NOSUCHUSDT", 0, 10, CancellationToken.None));
        Assert.Equal((400, -1121, 1), (refused.Status, refused.Code, exchange.Calls));
    }

    /// <summary>Tells its limits, and then says what it is told to.</summary>
    private sealed class Exchange(params (HttpStatusCode Status, string Body)[] answers) : HttpMessageHandler
    {
        public int Calls { get; private set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var (status, body) = request.RequestUri!.AbsolutePath.EndsWith("exchangeInfo", StringComparison.Ordinal) ? (HttpStatusCode.OK, Limits) : answers[Calls++];
            return Task.FromResult(new HttpResponseMessage(status) { Content = new StringContent(body) });
        }
    }
}
