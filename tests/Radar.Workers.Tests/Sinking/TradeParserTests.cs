using System.Globalization;
using System.Numerics;
using System.Text;
using Radar.Workers.Sinking.Trades;

namespace Radar.Workers.Tests.Sinking;

public sealed class TradeParserTests
{
    private readonly TradeParser _parser = new(countEqual: false);

    [Theory]
    [InlineData(
        """["USDTTMN@trade",{"isBuyOrder":true,"quantity":"255.7500000000000000","price":"82131.0000000000000000","timestamp":"2025-06-01T09:33:41Z"}]""",
        "c2224cc04c2f8dc07b1539c40d8a6e8af2f523f5", "USDTTMN", "buy", 82131, 255.75, 21005003.25, "2025-06-01 09:33:41")]
    [InlineData(
        """["BTCTMN@trade",{"isBuyOrder":false,"quantity":"0.000243","price":"15791249224","timestamp":"2026-08-25T16:38:23Z"}]""",
        "e167e76a7a522434740ac221adf3bd740d26b8dd", "BTCTMN", "sell", 15791249224, 0.000243, 3837273.561432, "2026-08-25 16:38:23")]
    [InlineData(
        """ [ "USDTTMN@trade" , {"timestamp":"2025-06-01T09:33:41Z","price":82131.5,"quantity":255.75,"isBuyOrder":true,"more":{"a":[1,{}]}} , {"relay":1}, 2 ] """,
        "8be5cfaba7afb8c39ef41df7a8cc458fc97bed0a", "USDTTMN", "buy", 82131.5, 255.75, 21005131.125, "2025-06-01 09:33:41")]
    [InlineData(
        """["SHIBUSDT@trade",{"quantity":1e16,"price":0.00001234,"timestamp":"2025-06-01T09:33:41Z"}]""",
        "22074558c652768ad9bfb6215fe4ef5a361de37e", "SHIBUSDT", "sell", 0.00001234, 1e16, 123400000000, "2025-06-01 09:33:41")]
    public void Wallex_Frame_IsTheRowOfTheOriginal(string frame, string id, string symbol, string side, double price, double quantity, double quote, string time) =>
        Assert.Equal([new Rows.TradeText(id, "wallex", symbol, side, price, quantity, quote, time)], _parser.Trades(frame));

    [Fact]
    public void Wallex_MissingNumbers_AreTheTextOfTheOriginal() => Assert.Equal(
        (0, 0, "sell"), _parser.Trades("""["X@trade",{"timestamp":"2025-06-01T09:33:41Z","isBuyOrder":null}]""").Select(t => (t.Price, t.Base, t.Side)).Single());

    [Fact]
    public void Bitpin_Matches_AreARowEach() => Assert.Equal(
        [
            new Rows.TradeText("m1", "bitpin", "USDT_IRT", "buy", 1000, 2.5, 2500, "2025-09-28 16:12:31"),
            new Rows.TradeText("77", "bitpin", "USDT_IRT", "sell", 1001, 1, 1001, "2025-09-28 16:12:31"),
        ],
        _parser.Trades("""
            {"event":"matches_update","symbol":"USDT_IRT","event_time":"2025-09-28T16:12:31.117Z","matches":[
              {"id":"m1","side":"buy","price":"1000","base_amount":"2.5","quote_amount":"2500"},{"id":77,"side":"sell","price":1001,"base_amount":1,"quote_amount":"1001.0"}]}
            """));

    [Fact]
    public void Tabdeal_Trade_IgnoresItsOwnProduct() => Assert.Equal(
        [new Rows.TradeText("159176050", "tabdeal", "CTSIIRT", "sell", 8161, 7.3512, 59993.1432, "2025-09-28 16:12:31")],
        _parser.Trades("""
            {"id":159176050,"price":"8161.0000000000000000","qty":"7.35120000","quoteqty":"7.33061664","isBuyerMaker":false,"symbol":"CTSIIRT","exchange":"tabdeal","time":"2025-09-28T19:42:31.117+03:30"}
            """));

    [Fact]
    public void Ramzinex_Items_AreARowEach() => Assert.Equal(
        [new Rows.TradeText("dfaef1dead062f3053a1ce68753ccc4c", "ramzinex", "bitcoin/rial", "sell", 132622066875, 1.6e-05, 2121953.07, "2025-10-01 12:09:05")],
        _parser.Trades("""{"channel":"last-trades:bitcoin/rial","data":[[132622066875,1.6e-05,"2025-10-01 12:09:05","sell",1759320545,"dfaef1dead062f3053a1ce68753ccc4c"]]}"""));

    [Fact]
    public void Nobitex_Trade_HasTheIdOfItsTexts()
    {
        Span<byte> id = stackalloc byte[TradeId.Length];
        TradeId.Hash("nobitex-BTCIRT-2025-10-07T14:47:53.64+03:30-672000010-0.00918-sell"u8, id);
        Assert.Equal(
            [new Rows.TradeText(Encoding.ASCII.GetString(id), "nobitex", "BTCIRT", "sell", 672000010, 0.00918, 6168960.0918, "2025-10-07 11:17:53")],
            _parser.Trades("""{"symbol":"BTCIRT","exchange":"nobitex","price":"672000010","volume":"0.00918","type":"sell","time":"2025-10-07T14:47:53.64+03:30"}"""));
    }

    [Theory]
    [InlineData("""{"sid":"x","upgrades":[],"pingInterval":25000,"pingTimeout":60000}""")]
    [InlineData("""{"event":"pong"}""")]
    public void Word_ThatIsNoTrade_NeedsNoRow(string text) => Assert.Empty(_parser.Trades(text));

    [Theory]
    [InlineData(null, "an empty value")]
    [InlineData("", "an empty value")]
    [InlineData("  ", "an empty value")]
    [InlineData("12", "neither an array nor an object")]
    [InlineData("""["X@trade"]""", "an array of one element")]
    [InlineData("[]", "first element is no channel")]
    [InlineData("""["X@sellDepth",[{"price":1,"quantity":1}]]""", "an order book among the trades")]
    [InlineData("""["@trade",{}]""", "without a market")]
    [InlineData("""["X@trade",{"price":"abc","quantity":"1","timestamp":"2025-06-01T09:33:41Z"}]""", "a price of 'abc'")]
    [InlineData("""["X@trade",{"price":{},"quantity":"1","timestamp":"2025-06-01T09:33:41Z"}]""", "a price that is an object")]
    [InlineData("""["X@trade",{"price":"1","quantity":"NaN","timestamp":"2025-06-01T09:33:41Z"}]""", "a quantity of 'NaN'")]
    [InlineData("""["X@trade",{"price":"1e300","quantity":"1e300","timestamp":"2025-06-01T09:33:41Z"}]""", "beyond numbers")]
    [InlineData("""["X@trade",{"price":"1","quantity":"1"}]""", "no timestamp")]
    [InlineData("""["X@trade",{"price":"1","quantity":"1","timestamp":"2025-02-30T09:33:41Z"}]""", "a timestamp of '2025-02-30T09:33:41Z'")]
    [InlineData("""["X@trade",{"price":"1","quantity":"1","timestamp":"1969-12-31T23:59:59Z"}]""", "a timestamp of")]
    [InlineData("""["X@trade",{"price":"1","quantity":"1","isBuyOrder":"yes","timestamp":"2025-06-01T09:33:41Z"}]""", "an isBuyOrder that is")]
    [InlineData("""["X@trade",{"price":"1","quantity":"1","timestamp":"2025-06-01T09:33:41Z"}""", "")]
    [InlineData("""["X@trade",{"price":"1","quantity":"1","timestamp":"2025-06-01T09:33:41Z"}]]""", "")]
    [InlineData("""{"exchange":"elsewhere"}""", "an object of no known exchange")]
    [InlineData("""{"channel":"tickers","data":[]}""", "tells no trades")]
    [InlineData("""{"channel":"last-trades:a","data":[[1,2]]}""", "no array of six")]
    [InlineData("""{"event":"matches_update","symbol":"A","event_time":"2025-09-28T16:12:31Z","matches":[{"id":"a","side":"hold","price":1,"base_amount":1,"quote_amount":1}]}""", "a side of 'hold'")]
    public void Record_ThatIsNoTrade_IsToldWhy(string? text, string words) => Assert.Contains(words, _parser.Problem(text), StringComparison.Ordinal);

    [Fact]
    public void Record_BrokenAnyhow_NeitherThrowsNorPasses()
    {
        var random = new Random(11);
        var good = Encoding.UTF8.GetBytes("""["USDTTMN@trade",{"isBuyOrder":true,"quantity":"255.75","price":"82131","timestamp":"2025-06-01T09:33:41Z"}]""");
        for (var i = 0; i < 20_000; i++)
        {
            Assert.NotNull(_parser.Problem(Malformed.Make(random, good)));
        }
        Assert.NotNull(_parser.Problem(good[..^1]));
        Assert.NotNull(_parser.Problem(Encoding.UTF8.GetBytes(new string('[', 100_000))));
        Assert.NotNull(_parser.Problem([.. "[\"\xff\xfe@trade\",{\"price\":\"1\",\"quantity\":\"1\",\"timestamp\":\"2025-06-01T09:33:41Z\"}]".Select(c => (byte)c)]));
    }

    [Fact]
    public void Equal_TradesOfASecond_AreCountedWhereAsked()
    {
        var counting = new TradeParser(countEqual: true);
        const string Frame = """["X@trade",{"price":"1","quantity":"1","isBuyOrder":true,"timestamp":"2025-06-01T09:33:41Z"}]""";
        var ids = Enumerable.Range(0, 3).Select(_ => counting.Trades(Frame).Single().Id).ToList();
        Assert.Equal(3, ids.Distinct().Count());
        Assert.Equal(_parser.Trades(Frame).Single().Id, ids[0]);
        counting.Forget(0); // The partition is read again.
        Assert.Equal(ids, Enumerable.Range(0, 3).Select(_ => counting.Trades(Frame).Single().Id));
        Assert.All(Enumerable.Range(0, 3), _ => Assert.Equal(ids[0], _parser.Trades(Frame).Single().Id));
    }

    [Theory]
    [InlineData("82131.5", "82131.5")]
    [InlineData("1.234E-05", "1.234e-05")]
    [InlineData("1e16", "1e+16")]
    [InlineData("1e15", "1000000000000000.0")]
    [InlineData("123456789012345680000.0", "1.2345678901234568e+20")]
    [InlineData("0.0001", "0.0001")]
    [InlineData("0.00001", "1e-05")]
    [InlineData("100.0", "100.0")]
    [InlineData("0.10", "0.1")]
    [InlineData("-0", "0")]
    [InlineData("12345678901234567890", "12345678901234567890")]
    [InlineData("5e-324", "5e-324")]
    [InlineData("1.7976931348623157e308", "1.7976931348623157e+308")]
    [InlineData("1e400", "inf")]
    public void Number_OfJson_IsWrittenAsTheOriginalWroteIt(string json, string text) =>
        Assert.Equal(text, Encoding.ASCII.GetString(PythonNumber.Write(Encoding.ASCII.GetBytes(json))));

    [Fact]
    public void Decimal_AnyText_IsTheNearestDoubleAndTheExactProduct()
    {
        var random = new Random(7);
        for (var i = 0; i < 20_000; i++)
        {
            string left = Text(random), right = Text(random);
            Assert.True(DecimalText.TryRead(Encoding.ASCII.GetBytes(left), out var a), left);
            Assert.True(DecimalText.TryRead(Encoding.ASCII.GetBytes(right), out var b), right);
            Assert.Equal(double.Parse(left, CultureInfo.InvariantCulture), a.ToDouble());
            Assert.Equal(Product(left, right), DecimalText.Product(a, b));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData(".")]
    [InlineData("1.2.3")]
    [InlineData("1e")]
    [InlineData("1e99999")]
    [InlineData("0x1")]
    [InlineData("1 ")]
    [InlineData("Infinity")]
    public void Decimal_NoNumber_IsRefused(string text) => Assert.False(DecimalText.TryRead(Encoding.ASCII.GetBytes(text), out _));

    private static string Text(Random random)
    {
        var digits = string.Concat(Enumerable.Range(0, random.Next(1, 24)).Select(_ => (char)('0' + (random.Next(3) == 0 ? 0 : random.Next(10)))));
        var fraction = random.Next(3) == 0 ? "" : "." + string.Concat(Enumerable.Range(0, random.Next(1, 18)).Select(_ => (char)('0' + (random.Next(2) == 0 ? 0 : random.Next(10)))));
        return (random.Next(10) == 0 ? "-" : "") + digits + fraction + (random.Next(10) == 0 ? $"e{random.Next(-20, 20)}" : "");
    }

    // By whole numbers, rounded once to 28 digits.
    private static double Product(string left, string right)
    {
        var (a, b) = (Whole(left), Whole(right));
        var (product, exponent) = (BigInteger.Abs(a.Digits * b.Digits), a.Exponent + b.Exponent);
        var surplus = product.ToString(CultureInfo.InvariantCulture).Length - 28;
        if (surplus > 0)
        {
            var unit = BigInteger.Pow(10, surplus);
            var (whole, rest) = (product / unit, product % unit);
            product = rest * 2 > unit || (rest * 2 == unit && !whole.IsEven) ? whole + 1 : whole;
            exponent += surplus;
        }
        var sign = a.Negative != b.Negative ? "-" : "";
        return double.Parse($"{sign}{product}E{exponent}", CultureInfo.InvariantCulture);
    }

    private static (BigInteger Digits, int Exponent, bool Negative) Whole(string text)
    {
        var parts = text.TrimStart('-').Split('e');
        var point = parts[0].IndexOf('.', StringComparison.Ordinal);
        return (
            BigInteger.Parse(parts[0].Replace(".", "", StringComparison.Ordinal), CultureInfo.InvariantCulture),
            (parts.Length > 1 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : 0) - (point < 0 ? 0 : parts[0].Length - point - 1), text[0] == '-');
    }
}
