using System.Runtime.CompilerServices;
using Radar.Market.Candles;
using Radar.Market.Models;

namespace Radar.Market.Predictions;

/// <summary>The predictions file of a model version, <c>data/predictions/BTCUSDT/lightgbm/v1.csv</c>: time, and a quoted list of three numbers.</summary>
/// <param name="path">The file.</param>
/// <param name="store">The table's predictions, which it follows.</param>
/// <param name="model">The version.</param>
public sealed class PredictionsCsv(string path, PredictionStore store, ModelId model) : TableCsv(path, Header)
{
    /// <summary>The file's first line.</summary>
    public const string Header = "open_time,pred";

    private const int LongestRow = 160;
    private const double Shortened = 1e-8; // An original's lists with spaces have eight digits.

    /// <summary>The file's place below a data directory.</summary>
    public static string PathOf(string directory, ModelId model) =>
        System.IO.Path.Combine(directory, "data", "predictions", model.Crypto, model.Model, model.Version + ".csv");

    /// <summary>
    /// Appends predictions, oldest first, that were just stored; those the file has already are left out. After filling older rows, call
    /// <see cref="TableCsv.SyncAsync"/>.
    /// </summary>
    public Task AppendAsync(IReadOnlyList<Prediction> predictions, CancellationToken cancellationToken) =>
        AppendAsync(last => Format(predictions, last), cancellationToken);

    private protected override Task<TimeRange?> BoundsAsync(CancellationToken cancellationToken) => store.BoundsAsync(model, cancellationToken);

    private protected override Task<long> CountAsync(TimeRange range, CancellationToken cancellationToken) =>
        store.CountAsync(model, range, cancellationToken);

    private protected override async IAsyncEnumerable<CsvLines> LinesAsync(
        TimeRange range, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var predictions in store.ReadAsync(model, range, cancellationToken: cancellationToken).ConfigureAwait(false))
        {
            if (Format(predictions, long.MinValue) is { } lines)
            {
                yield return lines;
            }
        }
    }

    private protected override bool SaysTheSame(string file, string table) =>
        Parse(file) is { } theirs && Parse(table) is { } ours && theirs.OpenTime == ours.OpenTime
        && Close(theirs.Sell, ours.Sell) && Close(theirs.Hold, ours.Hold) && Close(theirs.Buy, ours.Buy);

    private static bool Close(double one, double other) => Math.Abs(one - other) <= Shortened * Math.Max(1, Math.Abs(other));

    private static Prediction? Parse(string line)
    {
        var comma = line.IndexOf(',', StringComparison.Ordinal);
        return CandleTime.TryParse(line.AsSpan(0, comma), out var openTime) && PredictionFile.TryParse(openTime, line[(comma + 1)..], out var prediction)
            ? prediction
            : null;
    }

    private static CsvLines? Format(IReadOnlyList<Prediction> predictions, long after)
    {
        var lines = new LineBuffer(predictions.Count, LongestRow);
        foreach (var prediction in predictions)
        {
            if (prediction.OpenTime <= after)
            {
                continue;
            }
            after = prediction.OpenTime;
            lines.Time(prediction.OpenTime);
            lines.Literal(",\"["u8);
            lines.Number(prediction.Sell);
            lines.Literal(", "u8);
            lines.Number(prediction.Hold);
            lines.Literal(", "u8);
            lines.Number(prediction.Buy);
            lines.Literal("]\"\n"u8);
        }
        return lines.Text.IsEmpty ? null : new CsvLines(lines.Text, after);
    }
}
