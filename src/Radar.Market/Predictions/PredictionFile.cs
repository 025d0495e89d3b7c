using System.Globalization;
using Radar.Market.Candles;

namespace Radar.Market.Predictions;

/// <summary>
/// Reads predictions from a CSV file, plain or gzipped: lists with commas and full precision, or with spaces and eight digits, mixed even;
/// times with or without a zone.
/// </summary>
public static class PredictionFile
{
    /// <summary>The file's predictions in its order, one at a time; rows whose prediction is empty are passed over.</summary>
    /// <exception cref="InvalidDataException">A row is no prediction; the message names file and row.</exception>
    public static IEnumerable<Prediction> Read(string path)
    {
        var first = true;
        foreach (var row in CsvFile.Read(path))
        {
            if (first && row.GetString(0).Trim() == "open_time")
            {
                first = false;
                continue;
            }
            first = false;
            if (!CandleTime.TryParse(row.GetString(0), out var openTime))
            {
                throw CsvFile.Problem(path, row, $"open_time is '{row.GetString(0)}', not a time");
            }
            // An unquoted list with commas is split into more fields than two; put together again it is the same list.
            var text = string.Join(' ', Enumerable.Range(1, Math.Max(0, row.FieldCount - 1)).Select(row.GetString));
            if (string.IsNullOrWhiteSpace(text))
            {
                continue;
            }
            yield return TryParse(openTime, text, out var prediction)
                ? prediction
                : throw CsvFile.Problem(path, row, $"pred is '{text}', not a list of three numbers");
        }
    }

    /// <summary>Reads <c>[0.1, 0.2, 0.7]</c> or <c>[0.1 0.2        0.7]</c>.</summary>
    public static bool TryParse(long openTime, string text, out Prediction prediction)
    {
        prediction = default;
        var numbers = text.Split(['[', ']', ',', ' ', '\t', '\r', '\n', '"'], StringSplitOptions.RemoveEmptyEntries);
        Span<double> classes = stackalloc double[3];
        if (numbers.Length != classes.Length)
        {
            return false;
        }
        for (var i = 0; i < classes.Length; i++)
        {
            if (!double.TryParse(numbers[i], NumberStyles.Float, CultureInfo.InvariantCulture, out classes[i]))
            {
                return false;
            }
        }
        prediction = Prediction.Of(openTime, classes);
        return true;
    }
}
