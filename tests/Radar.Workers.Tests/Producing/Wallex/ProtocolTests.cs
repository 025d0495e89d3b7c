using System.Text;
using Radar.Workers.Producing.Wallex;

namespace Radar.Workers.Tests.Producing.Wallex;

public sealed class ProtocolTests
{
    private const string Trade = """{"isBuyOrder":true,"quantity":"255.7500000000000000","price":"82131.0000000000000000","timestamp":"2025-06-01T09:33:41Z"}""";

    [Theory]
    [InlineData("""["USDTTMN@trade",{"isBuyOrder":true}]""", """{"isBuyOrder":true}""")]
    [InlineData("""[ "BTCUSDT@buyDepth" , [ {"price":62200,"quantity":0.1,"sum":6220} ] ]""", """[ {"price":62200,"quantity":0.1,"sum":6220} ]""")]
    [InlineData("""["BTCUSDT@sellDepth",[],{"relay":"x"}]""", "[]")]
    public void First_Frame_IsPassedOnByteForByte(string frame, string data)
    {
        var said = Assert.Single(Read(new FirstProtocol(), frame));
        Assert.Equal(SaidKind.Frame, said.Kind);
        Assert.Equal(frame, Encoding.UTF8.GetString(said.ToFrame()));
        Assert.Equal(data, Encoding.UTF8.GetString(said.Data.Span));
    }

    [Theory]
    [InlineData("""{"sid":"GMkL6lzCmgMvMs9bAAAA","upgrades":[],"pingInterval":25000,"pingTimeout":5000}""", SaidKind.Greeting)]
    [InlineData("""{"error":"no"}""", SaidKind.Unknown)]
    [InlineData("""["all"]""", SaidKind.Unknown)]
    [InlineData("""["BTCUSDT@trade"]""", SaidKind.Unknown)]
    [InlineData("""["BTCUSDT@trade",{"price":""", SaidKind.Unknown)]
    [InlineData("""["BTCUSDT@trade",{}] and more""", SaidKind.Unknown)]
    [InlineData("", SaidKind.Unknown)]
    [InlineData("42", SaidKind.Unknown)]
    public void First_AnythingElse_IsNoFrame(string message, object kind) => Assert.Equal(kind, Assert.Single(Read(new FirstProtocol(), message)).Kind);

    [Fact]
    public void First_JsonPing_IsAnsweredWithItsId()
    {
        var ping = Assert.Single(Read(new FirstProtocol(), """{"ping":"a1"}"""));
        Assert.Equal((SaidKind.Ping, """{"pong":"a1"}"""), (ping.Kind, Encoding.UTF8.GetString(ping.Bytes.Span)));
    }

    [Fact]
    public void Second_Pushes_HaveTheFirstProtocolsShape()
    {
        var said = Read(
            new SecondProtocol(TimeSpan.FromSeconds(10)),
            "{\"push\":{\"channel\":\"public:USDTTMN@trade\",\"pub\":{\"data\":" + Trade + "}}}\n{}\n"
            + """{"push":{"pub":{"offset":7,"data":[{"price":1,"quantity":2,"sum":2}]},"channel":"orderbook:BTCTMN@buyDepth"}}""");
        Assert.Equal([SaidKind.Frame, SaidKind.Ping, SaidKind.Frame], said.Select(s => s.Kind));
        Assert.Equal($"[\"USDTTMN@trade\",{Trade}]", Encoding.UTF8.GetString(said[0].ToFrame()));
        Assert.Equal("{}", Encoding.UTF8.GetString(said[1].Bytes.Span));
        Assert.Equal("""["BTCTMN@buyDepth",[{"price":1,"quantity":2,"sum":2}]]""", Encoding.UTF8.GetString(said[2].ToFrame()));
    }

    [Fact]
    public void Second_Replies_AreThoseOfTheirCommands()
    {
        var protocol = new SecondProtocol(TimeSpan.FromSeconds(10));
        Assert.Equal("""{"id":2,"subscribe":{"channel":"public:BTCTMN@trade"}}""", Encoding.UTF8.GetString(protocol.Subscribe("BTCTMN@trade")));
        Assert.Equal("""{"id":3,"subscribe":{"channel":"orderbook:BTCTMN@sellDepth"}}""", Encoding.UTF8.GetString(protocol.Subscribe("BTCTMN@sellDepth")));
        var said = Read(protocol, """
            {"id":1,"connect":{"client":"x","ping":25,"pong":true}}
            {"id":3,"subscribe":{}}
            {"id":2,"error":{"code":102,"message":"unknown channel"}}
            {"push":{"channel":"public:BTCTMN@trade","unsubscribe":{"code":2500,"reason":"gone"}}}
            {"push":{"channel":
            """);
        Assert.Equal([SaidKind.Ready, SaidKind.Confirmed, SaidKind.Refused, SaidKind.Unsubscribed, SaidKind.Unknown], said.Select(s => s.Kind));
        Assert.Equal(["", "BTCTMN@sellDepth", "BTCTMN@trade", "BTCTMN@trade", ""], said.Select(s => s.Channel));
        Assert.Equal(TimeSpan.FromSeconds(35), protocol.LongestSilence);
    }

    [Theory]
    [InlineData("82131.0000000000000000", "82131", "82131.0000000000000000")]
    [InlineData("82131", "82131", "82131.0000000000000000")]
    [InlineData("0.000243", "0.000243", "0.0002430000000000")]
    [InlineData("1.234e-05", "0.00001234", "0.0000123400000000")]
    [InlineData("100", "100", "100.0000000000000000")]
    public void Decimals_EitherWay_SayTheSameNumber(string text, string shortened, string filled) =>
        Assert.Equal((shortened, filled), (Decimals.Shorten(text), Decimals.Fill(text)));

    [Theory]
    [InlineData("""{"price":"\ud800","quantity":"1","timestamp":"2025-06-01T09:33:41Z"}""")]
    [InlineData("""{"price":"1","quantity":"1","timestamp":"0001-01-01T00:00:00Z"}""")]
    [InlineData("""{"price":"1","quantity":"1","timestamp":"9999-12-31T23:59:59Z"}""")]
    [InlineData("""{"price":"1","quantity":"1"}""")]
    [InlineData("[]")]
    [InlineData("{")]
    public void Trade_ThatIsNone_IsNotRead(string data) => Assert.Null(TradeText.Read(Encoding.UTF8.GetBytes(data)));

    [Fact]
    public void Trade_OfBrokenText_IsNotRead() =>
        Assert.Null(TradeText.Read((byte[])[.. "{\"price\":\""u8, 0xFF, .. "\",\"quantity\":\"1\",\"timestamp\":\"2025-06-01T09:33:41Z\"}"u8]));

    private static List<Said> Read(IWallexProtocol protocol, string message)
    {
        var said = new List<Said>();
        protocol.Read(Encoding.UTF8.GetBytes(message), said);
        return said;
    }
}
