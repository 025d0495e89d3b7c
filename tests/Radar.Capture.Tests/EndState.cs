using System.Globalization;
using System.Text.Json;
using Radar.Embedded.Exchange.Wallex;
using Radar.Market.ClickHouse;

namespace Radar.Capture.Tests;

/// <summary>What must be in ClickHouse once all that the exchange said has been worked off.</summary>
internal static class EndState
{
    // Trades of a market that the exchange's REST still tells.
    private static readonly int Window = new WallexSettings().Window;

    /// <summary>
    /// Every trade of the ledger is there exactly once, and nothing else. Those of a listed gap may be missing, if REST did not reach back to them or the gap says why
    /// it did not help.
    /// </summary>
    /// <param name="ledger">What was said.</param>
    /// <param name="server">Where it should be.</param>
    /// <param name="gaps">The list of gaps, which need not be there.</param>
    /// <returns>How many are missing, each in a listed gap.</returns>
    public static async Task<int> AssertTradesAsync(Ledger ledger, ClickHouseClient server, string gaps)
    {
        var said = await ledger.TradesAsync();
        var stored = (await server.QueryAsync("SELECT trade_id FROM trades.trades_master FINAL", default)).Select(row => row[0]!).ToList();
        var ids = stored.ToHashSet(StringComparer.Ordinal);
        Assert.Equal(ids.Count, stored.Count);
        Assert.Empty(ids.Except(said.Select(trade => trade.Id)));

        var listed = File.Exists(gaps) ? (await File.ReadAllLinesAsync(gaps)).Select(line => JsonDocument.Parse(line).RootElement.Clone()).ToList() : [];
        var missing = said.DistinctBy(trade => trade.Id).Where(trade => !ids.Contains(trade.Id)).ToList();
        var markets = said.GroupBy(trade => trade.Symbol).ToDictionary(market => market.Key, market => market.ToList());
        Assert.All(missing, trade => Assert.True(
            listed.Exists(gap => Covers(gap, trade) && IsBeyondReach(gap, trade, markets[trade.Symbol])),
            $"{missing.Count} of {said.Count} are missing, among them one of {trade.Symbol} at {trade.Time:O} that is in {listed.Count(gap => Covers(gap, trade))} "
            + $"of {listed.Count} listed gaps, and REST could tell it"));
        return missing.Count;
    }

    /// <summary>What the topic holds is what the table holds: row for row, with times and sums, and none oftener.</summary>
    public static async Task AssertStoredAsync(IReadOnlyList<BookRow> published, ClickHouseClient server)
    {
        var stored = await RowsAsync(server);
        Assert.Empty(published.CountBy(row => row).Except(stored.CountBy(row => row)).Select(row => $"published: {row}"));
        Assert.Empty(stored.CountBy(row => row).Except(published.CountBy(row => row)).Select(row => $"stored: {row}"));
    }

    /// <summary>
    /// Each row is a frame that was said, they are in order, none is there oftener than it was said, the last one is among them; and each side has a row
    /// for each interval in which it changed, give or take one.
    /// </summary>
    /// <returns>How many rows there are.</returns>
    public static async Task<int> AssertBooksAsync(Ledger ledger, ClickHouseClient server, bool isUndisturbed)
    {
        var said = await ledger.BooksAsync();
        var rows = await RowsAsync(server);
        var stored = rows.GroupBy(row => (row.Symbol, row.Side)).ToDictionary(side => side.Key, side => side.ToList());
        Assert.Equal(said.Keys.Order(), stored.Keys.Order());
        var ticks = Ticks([.. rows.Select(row => row.At)]);
        foreach (var (side, frames) in said)
        {
            var kept = stored[side];
            var at = -1;
            foreach (var row in kept)
            {
                var next = frames.FindIndex(at + 1, frame => frame.Levels == row.Levels);
                Assert.True(next >= 0, $"{side}: the row of {DateTimeOffset.FromUnixTimeMilliseconds(row.At):O} is no frame after the {at + 1}th of {frames.Count}, or is there twice.");
                at = next;
            }
            Assert.True(frames[at].Levels == frames[^1].Levels, $"{side}: the last row is the {at + 1}th frame of {frames.Count}.");
            if (isUndisturbed)
            {
                var changed = Changed(ticks, frames);
                Assert.InRange(kept.Count, changed - 1, changed + 1);
            }
        }
        return rows.Count;
    }

    // An interval's frames are published together: its tick is where the first of them has its time.
    private static List<long> Ticks(List<long> times)
    {
        var ticks = new List<long>();
        foreach (var time in times)
        {
            if (ticks.Count == 0 || time - ticks[^1] > 3_000)
            {
                ticks.Add(time);
            }
        }
        return ticks;
    }

    private static int Changed(List<long> ticks, List<LedgerBook> frames)
    {
        var changed = 0;
        var (from, before) = (0L, (string?)null);
        foreach (var tick in ticks)
        {
            var newest = frames.LastOrDefault(frame => frame.At.ToUnixTimeMilliseconds() <= tick && frame.At.ToUnixTimeMilliseconds() > from);
            if (newest is not null && newest.Levels != before)
            {
                (changed, before) = (changed + 1, newest.Levels);
            }
            from = tick;
        }
        return changed;
    }

    private static async Task<List<BookRow>> RowsAsync(ClickHouseClient server) =>
        [.. (await server.QueryAsync($"SELECT symbol, side, toUnixTimestamp64Milli(timestamp), {BookText.Columns} FROM trades.orderbook_depth ORDER BY timestamp", default))
            .Select(row => new BookRow(row[0]!, row[1]!, long.Parse(row[2]!, CultureInfo.InvariantCulture), BookText.Of(row[3]!)))];

    private static bool Covers(JsonElement gap, LedgerTrade trade)
    {
        var slack = TimeSpan.FromSeconds(1); // Times of trades are whole seconds.
        return gap.GetProperty("symbol").GetString() == trade.Symbol
            && trade.Time >= gap.GetProperty("from").GetDateTimeOffset() - slack && trade.Time <= gap.GetProperty("to").GetDateTimeOffset() + slack;
    }

    private static bool IsBeyondReach(JsonElement gap, LedgerTrade trade, List<LedgerTrade> market)
    {
        var listedAt = gap.GetProperty("at").GetDateTimeOffset();
        return !gap.GetProperty("reason").GetString()!.StartsWith("REST tells ", StringComparison.Ordinal)
            || market.Skip(market.IndexOf(trade) + 1).TakeWhile(later => later.At <= listedAt).Count() >= Window;
    }
}
