using System.Globalization;
using Radar.Workers.Producing.Wallex;

namespace Radar.Workers.Tests.Producing.Wallex;

public sealed class SymbolTradesTests
{
    private const int Window = 100;
    private static readonly DateTimeOffset Begin = DateTimeOffset.FromUnixTimeSeconds(1_000);
    private readonly SymbolTrades _trades = new(Begin.ToUnixTimeSeconds() - 10, Begin);
    private readonly TradeWriting _writing = new();

    [Fact]
    public void Hear_TwoConnections_PublishesEachTradeOnce_AndEqualOnesAsOftenAsTheyHappened()
    {
        var trade = Trade(1_001, "5.5");
        Assert.True(_trades.Hear(1, trade));
        Assert.True(_trades.Hear(1, trade)); // The same again in the same second, and as real.
        Assert.False(_trades.Hear(2, trade));
        Assert.False(_trades.Hear(2, trade));
        Assert.True(_trades.Hear(2, trade)); // The newer connection has heard a third.
        Assert.False(_trades.Hear(1, trade));
    }

    [Fact]
    public void Compare_AfterAGap_GivesWhatNobodyToldAndNothingElse()
    {
        Close();
        Hear(1, Trade(1_001, "1"), Trade(1_002, "2"), Trade(1_002, "2"));
        _trades.Lose(At(1_002), 1);
        Hear(2, Trade(1_006, "6"));
        var compared = Compare(Trade(1_006, "6"), Trade(1_004, "4"), Trade(1_003, "2"), Trade(1_002, "2"), Trade(1_002, "2"), Trade(1_002, "2"), Trade(1_001, "1"), Trade(500, "0"));
        Assert.Equal([Trade(1_002, "2"), Trade(1_003, "2"), Trade(1_004, "4")], compared.Missing);
        Assert.True(compared.Reaches);
        Assert.False(_trades.Hear(2, Trade(1_004, "4"))); // Should a socket tell it after all.
        Assert.Empty(Compare(Trade(1_006, "6"), Trade(1_004, "4"), Trade(1_003, "2")).Missing);
    }

    [Theory]
    [InlineData(1_003, 1_000, false)] // The window is full and its oldest trade is younger than what we know.
    [InlineData(1_002, 1_000, true)] // It has the last trade that we know.
    [InlineData(1_001, 1_000, true)] // It goes further back.
    [InlineData(1_003, 3, true)] // It is not full: that is all there ever was.
    public void Compare_Window_TellsWhetherItReachesBack(int oldest, int told, bool reaches)
    {
        Close();
        Hear(1, Trade(1_002, "2"));
        _trades.Lose(At(1_002), 1);
        var window = Enumerable.Range(0, told).Select(i => Trade(oldest + (told - 1 - i), i == told - 1 && oldest == 1_002 ? "2" : "9")).ToList();
        Assert.Equal(reaches, _trades.Compare(window, _trades.Gap, 1_000, null, _writing).Reaches);
    }

    [Fact]
    public void Gap_LostAgainBeforeItsRepair_KeepsItsBeginning()
    {
        Close();
        Hear(1, Trade(1_002, "2"));
        _trades.Lose(At(1_003), 1);
        var first = _trades.Gap!;
        Hear(2, Trade(1_008, "8"));
        _trades.Lose(At(1_009), 1);
        _trades.Close(first); // The repair of the first one comes late.
        Assert.Equal((At(1_002), Trade(1_002, "2").Key), (_trades.Gap!.From, _trades.Gap.Last!.Value));
    }

    [Fact]
    public void Gap_OfAConnectionThatANewerOneOutlives_BeginsWithWhatItToldLast()
    {
        Close();
        Hear(1, Trade(1_002, "2"));
        Hear(2, Trade(1_009, "9"));
        _trades.Lose(At(1_010), 1);
        Assert.Equal((At(1_002), Trade(1_002, "2").Key), (_trades.Gap!.From, _trades.Gap.Last!.Value));
        var told = Enumerable.Range(0, Window).Select(i => Trade(1_008 + Window - i, "9")).ToArray();
        Assert.False(Compare(told).Reaches); // What the newer one told proves nothing about what the older one had still to tell.
    }

    [Fact]
    public void Gap_IsOverOnceSomebodyListensAgain_AndNoMoreWhenHeIsLost()
    {
        Assert.False(_trades.Gap!.IsOver);
        _trades.Settle();
        Assert.True(_trades.Gap!.IsOver);
        _trades.Lose(At(1_003), 1);
        Assert.False(_trades.Gap!.IsOver);
    }

    [Theory]
    [InlineData("2.50", "2.5", "4.00", "4")] // REST fills up less than 16 places: cut.
    [InlineData("2.5000000000000000", "2.5", "4.0000000000000000", "4")]
    [InlineData("2.5", "2.5000000000000000", "4", "4.0000000000000000")]
    [InlineData("2.50", "2.50", "4.00", "4.00")]
    public void Compare_OtherDecimals_WritesAsSocketsDo(string restKnown, string socketKnown, string restMissing, string expected)
    {
        Close();
        Hear(1, Trade(1_001, socketKnown));
        _trades.Lose(At(1_001), 1);
        var compared = Compare(Trade(1_002, restMissing), Trade(1_001, restKnown));
        Assert.Equal(expected, Assert.Single(compared.Missing).Price);
    }

    [Fact]
    public void Compare_WritingThatFitsNoWay_PublishesNothingAndSaysSo()
    {
        Close();
        Hear(1, Trade(1_001, "2.500"));
        _trades.Lose(At(1_001), 1);
        var compared = Compare(Trade(1_002, "4.00"), Trade(1_001, "2.50"));
        Assert.Empty(compared.Missing);
        Assert.Contains("other ids", compared.Disagreement, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1_001)] // All in one second.
    [InlineData(1_400)]
    public void Hear_ASocketThatIsThousandsOfTradesBehindRest_PublishesNoneOfThemAgain(long lastSecond)
    {
        Close();
        var trades = Enumerable.Range(0, 5_000).Select(i => Trade(1_001 + (i * (lastSecond - 1_001) / 4_999), $"{i}")).ToArray();
        var compared = Compare([.. trades.TakeLast(Window).Reverse()]);
        Assert.Equal(trades.TakeLast(Window), compared.Missing);
        Hear(1, trades[..^Window]);
        Assert.DoesNotContain(trades.TakeLast(Window), trade => _trades.Hear(1, trade));
    }

    [Fact]
    public void Compare_AnswerThatFillsAllThatIsKept_GivesEachMissingTradeOnce()
    {
        Close();
        Hear(1, [.. Enumerable.Range(0, 999).Select(i => Trade(1_002, $"{i}"))]);
        var compared = _trades.Compare([Trade(1_002, "b"), Trade(1_001, "a"), Trade(1_001, "a"), Trade(1_000, "c")], _trades.Gap, 1_000, null, _writing);
        Assert.Equal([Trade(1_000, "c"), Trade(1_001, "a"), Trade(1_001, "a"), Trade(1_002, "b")], compared.Missing);
    }

    [Fact]
    public void Recall_TradesOfTheTopic_AreNotPublishedAgain()
    {
        _trades.Recall(Trade(995, "1"));
        _trades.Recall(Trade(999, "2"));
        var compared = Compare(Trade(1_003, "3"), Trade(999, "2"), Trade(998, "4"), Trade(995, "1"), Trade(980, "5"));
        Assert.Equal([Trade(998, "4"), Trade(1_003, "3")], compared.Missing);
        Assert.True(compared.Reaches);
    }

    [Fact]
    public void Recall_TradeFromWithinTheGap_DoesNotProveThatNothingIsMissing()
    {
        _trades.Recall(Trade(999, "2"));
        _trades.Recall(Trade(1_004, "4")); // Beyond the gap's beginning: by a predecessor that died before it had repaired.
        var told = Enumerable.Range(0, Window).Select(i => Trade(1_003 + Window - 1 - i, "9")).Append(Trade(1_003, "3")).ToArray();
        Assert.False(Compare(told).Reaches);
        Assert.True(Compare([.. told, Trade(999, "2")]).Reaches);
    }

    private static TradeText Trade(long second, string price) => new(
        second, DateTimeOffset.FromUnixTimeSeconds(second).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture), price, "1", true);

    private static DateTimeOffset At(long second) => DateTimeOffset.FromUnixTimeSeconds(second);

    private void Close() => _trades.Close(_trades.Gap!);

    private void Hear(long socket, params TradeText[] trades) => Assert.All(trades, trade => Assert.True(_trades.Hear(socket, trade)));

    private TradeComparison Compare(params TradeText[] newestFirst) => _trades.Compare(newestFirst, _trades.Gap, Window, null, _writing);
}
