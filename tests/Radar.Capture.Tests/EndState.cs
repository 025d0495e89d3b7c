using System.Globalization;
using System.Text.Json;
using Radar.Market.ClickHouse;

namespace Radar.Capture.Tests;

/// <summary>What must be in ClickHouse once all that the exchange said has been worked off.</summary>
internal static class EndState
{
    /// <summary>Every trade of the ledger is there exactly once, and nothing else. Those of a listed gap may be missing.</summary>
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
        var slack = TimeSpan.FromSeconds(1); // Times of trades are whole seconds.
        Assert.All(missing, trade => Assert.True(
            listed.Exists(gap => gap.GetProperty("symbol").GetString() == trade.Symbol
                && trade.Time >= gap.GetProperty("from").GetDateTimeOffset() - slack && trade.Time <= gap.GetProperty("to").GetDateTimeOffset() + slack),
            $"{missing.Count} of {said.Count} are missing, among them one of {trade.Symbol} at {trade.Time:O} that is in none of {listed.Count} listed gaps"));
        return missing.Count;
    }

    /// <summary>
    /// Each row is a frame that was said, they are in order, none is there oftener than it was said, the last one is among them; and each side has a row
    /// for each interval in which it changed, give or take one.
    /// </summary>
    /// <returns>How many rows there are.</returns>
    public static async Task<int> AssertBooksAsync(Ledger ledger, ClickHouseClient server, bool isUndisturbed)
    {
        var said = await ledger.BooksAsync();
        var rows = (await server.QueryAsync(
            "SELECT symbol, side, toUnixTimestamp64Milli(timestamp), arrayStringConcat(arrayMap((p, q) -> concat(toString(p), ',', toString(q)), prices, quantities), ';') "
            + "FROM trades.orderbook_depth ORDER BY timestamp", default))
            .Select(row => (Key: (row[0]!, row[1]!), At: long.Parse(row[2]!, CultureInfo.InvariantCulture), Levels: Same(row[3]!))).ToList();
        var stored = rows.GroupBy(row => row.Key).ToDictionary(side => side.Key, side => side.ToList());
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

    // ClickHouse and .NET write the same number in two ways.
    private static string Same(string levels) => string.Join(';', levels.Split(';').Select(level => string.Join(',', level.Split(',').Select(
        number => double.Parse(number, CultureInfo.InvariantCulture).ToString("R", CultureInfo.InvariantCulture)))));
}
