using System.Globalization;
using System.Runtime.CompilerServices;

namespace Radar.Market.Candles;

/// <summary>The prices file of a coin, <c>data/prices/BTCUSDT.csv</c>: the original's columns, sorted, times with <c>+00:00</c>.</summary>
/// <param name="path">The file.</param>
/// <param name="table">The table it follows.</param>
public sealed class PricesCsv(string path, CandleTable table) : TableCsv(path, Header)
{
    /// <summary>The file's first line.</summary>
    public const string Header = "open_time,open,high,low,close,volume,quote_asset_volume,trades,taker_base,taker_quote,ignore";

    private const int LongestRow = 400;

    /// <summary>The file's place below a data directory.</summary>
    public static string PathOf(string directory, string symbol) => System.IO.Path.Combine(directory, "data", "prices", Symbol.Check(symbol) + ".csv");

    /// <summary>
    /// Appends candles, oldest first, that were just stored in the table; those the file has already are left out. After storing rows
    /// older than the newest, call <see cref="TableCsv.SyncAsync"/>; after changing some, <see cref="TableCsv.RewriteAsync(CancellationToken)"/>.
    /// </summary>
    public Task AppendAsync(IReadOnlyList<Candle> candles, CancellationToken cancellationToken) =>
        AppendAsync(last => Format(candles, last), cancellationToken);

    private protected override async Task<TimeRange?> BoundsAsync(CancellationToken cancellationToken) =>
        await table.MinOpenTimeAsync(cancellationToken).ConfigureAwait(false) is { } first
            && await table.MaxOpenTimeAsync(cancellationToken).ConfigureAwait(false) is { } last
            ? new TimeRange(first, last + 1)
            : null;

    private protected override Task<long> CountAsync(TimeRange range, CancellationToken cancellationToken) => table.CountAsync(range, cancellationToken);

    private protected override async IAsyncEnumerable<CsvLines> LinesAsync(
        TimeRange range, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var candles in table.ReadAsync(range, cancellationToken: cancellationToken).ConfigureAwait(false))
        {
            yield return Format(candles, long.MinValue)!.Value;
        }
    }

    private protected override bool SaysTheSame(string file, string table)
    {
        var (theirs, ours) = (file.Split(','), table.Split(','));
        return CandleTime.TryParse(theirs[0], out var time) && CandleTime.TryParse(ours[0], out var same) && time == same
            && Enumerable.Range(1, ours.Length - 1).All(i => ours[i].Length == 0 || (i < theirs.Length && Number(theirs[i]) == Number(ours[i])));

        static double? Number(string text) => double.TryParse(text, CultureInfo.InvariantCulture, out var number) ? number : null;
    }

    private static CsvLines? Format(IReadOnlyList<Candle> candles, long after)
    {
        var lines = new LineBuffer(candles.Count, LongestRow);
        foreach (var candle in candles)
        {
            if (candle.OpenTime <= after)
            {
                continue;
            }
            after = candle.OpenTime;
            lines.Time(candle.OpenTime);
            foreach (var number in (ReadOnlySpan<double>)[candle.Open, candle.High, candle.Low, candle.Close, candle.Volume])
            {
                lines.Literal(","u8);
                lines.Number(number);
            }
            lines.Literal(","u8);
            lines.Known(candle.QuoteVolume);
            lines.Literal(","u8);
            lines.Known(candle.Trades);
            lines.Literal(","u8);
            lines.Known(candle.TakerBase);
            lines.Literal(","u8);
            lines.Known(candle.TakerQuote);
            lines.Literal(","u8);
            lines.Known(candle.Ignore);
            lines.Literal("\n"u8);
        }
        return lines.Text.IsEmpty ? null : new CsvLines(lines.Text, after);
    }
}
