using Radar.Market;
using Radar.Market.Candles;
using Radar.Market.Models;
using Radar.Market.Predictions;

namespace Radar.Scheduler.Cli;

/// <summary>A coin's CSV files, held row by row against the table that they follow.</summary>
/// <param name="directory">Where they lie, the folder above <c>data</c>.</param>
/// <param name="table">The table.</param>
/// <param name="models">Versions with a predictions file.</param>
internal sealed class FileCheck(string directory, CandleTable table, IReadOnlyList<ModelId> models)
{
    private TimeRange? _range;

    /// <summary>Looks once. What comes in after the first look is not looked at: a file is always a moment behind its table.</summary>
    public async Task<Finding> FindAsync(CancellationToken cancellationToken)
    {
        _range ??= new TimeRange(0, (await table.MaxOpenTimeAsync(cancellationToken) ?? -1) + 1);
        var faults = new List<string>();
        var prices = PricesCsv.PathOf(directory, table.Symbol);
        // The file does not have the close time, which follows from the open time.
        await CompareAsync(
            prices, CandleFile.Read, table.ReadAsync(_range.Value, cancellationToken: cancellationToken), candle => candle with { CloseTime = 0 }, candle => candle.OpenTime, faults);
        var store = new PredictionStore(table);
        foreach (var model in models)
        {
            var path = PredictionsCsv.PathOf(directory, model);
            await CompareAsync(
                path, PredictionFile.Read, store.ReadAsync(model, _range.Value, cancellationToken: cancellationToken), prediction => prediction, prediction => prediction.OpenTime, faults);
        }
        return new Finding(faults);
    }

    private async Task CompareAsync<T>(
        string path, Func<string, IEnumerable<T>> read, IAsyncEnumerable<IReadOnlyList<T>> blocks, Func<T, T> asInFile, Func<T, long> timeOf, List<string> faults)
        where T : struct, IEquatable<T>
    {
        var name = Path.GetRelativePath(directory, path);
        var (differing, lacking, surplus) = (new Rows("differ from the table"), new Rows("of the table are not in it"), new Rows("are not in the table"));
        try
        {
            var (any, within) = (false, false);
            using var file = (File.Exists(path) ? read(path) : []).GetEnumerator();
            var more = file.MoveNext();
            await foreach (var block in blocks)
            {
                foreach (var row in block)
                {
                    any = true;
                    var time = timeOf(row);
                    for (; more && timeOf(file.Current) < time; more = file.MoveNext())
                    {
                        if (within) // What is older than the table is kept in the file.
                        {
                            surplus.Add(timeOf(file.Current));
                        }
                    }
                    within = true;
                    if (!more || timeOf(file.Current) != time)
                    {
                        lacking.Add(time);
                        continue;
                    }
                    if (!file.Current.Equals(asInFile(row)))
                    {
                        differing.Add(time);
                    }
                    more = file.MoveNext();
                }
            }
            if (any && !File.Exists(path))
            {
                faults.Add($"{name} is not there");
                return;
            }
        }
        catch (Exception unreadable) when (unreadable is InvalidDataException or IOException)
        {
            faults.Add(unreadable.Message);
            return;
        }
        faults.AddRange(((Rows[])[differing, lacking, surplus]).Where(rows => rows.Count > 0).Select(rows => $"{name}: {rows}"));
    }

    /// <summary>Rows with the same thing wrong: the first few by time, and how many.</summary>
    private sealed class Rows(string what)
    {
        private const int MostNamed = 5;
        private readonly List<long> _first = [];

        public long Count { get; private set; }

        public void Add(long openTime)
        {
            if (++Count <= MostNamed)
            {
                _first.Add(openTime);
            }
        }

        public override string ToString() =>
            $"{Count} row(s) {what} ({string.Join(", ", _first.Select(CandleTime.Format))}{(Count > MostNamed ? ", ..." : "")})";
    }
}
