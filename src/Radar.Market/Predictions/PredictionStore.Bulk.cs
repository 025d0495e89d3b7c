using Npgsql;
using Radar.Market.Candles;
using Radar.Market.Storage;

namespace Radar.Market.Predictions;

public sealed partial class PredictionStore
{
    private async Task<int> UpdateManyAsync(NpgsqlConnection connection, PredictionRows rows, bool onlyMissing, CancellationToken cancellationToken)
    {
        if (rows.OpenTimes.Count == 0 || rows.Models.Count == 0)
        {
            return 0;
        }
        var columns = rows.Models.Select(Own).ToArray();
        await using (var create = new NpgsqlCommand($"""
            CREATE TEMPORARY TABLE radar_predictions (open_time timestamp, {string.Join(", ", columns.Select(c => $"\"{c}\" double precision[]"))}) ON COMMIT DROP
            """, connection))
        {
            await create.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }
        await CopyAsync(connection, columns, rows, cancellationToken).ConfigureAwait(false);

        // The range lets the planner see how small a part of the table this is, whatever it believes of the temporary one.
        var range = new TimeRange(rows.OpenTimes.Min(), rows.OpenTimes.Max() + 1);
        var sets = columns.Select(c => onlyMissing ? $"\"{c}\" = coalesce(t.\"{c}\", s.\"{c}\")" : $"\"{c}\" = coalesce(s.\"{c}\", t.\"{c}\")");
        var gains = string.Join(" OR ", columns.Select(c => $"(t.\"{c}\" IS NULL AND s.\"{c}\" IS NOT NULL)"));
        await using var update = new NpgsqlCommand($"""
            UPDATE {table.Name} AS t SET {string.Join(", ", sets)}
            FROM radar_predictions AS s
            WHERE t.open_time = s.open_time AND t.{CandleTable.Within(range).Replace("AND ", "AND t.", StringComparison.Ordinal)}
            {(onlyMissing ? $"AND ({gains})" : "")}
            """, connection);
        return await update.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    private static async Task CopyAsync(NpgsqlConnection connection, string[] columns, PredictionRows rows, CancellationToken cancellationToken)
    {
        await using var stream = await connection.BeginRawBinaryCopyAsync(
            $"COPY radar_predictions (open_time, {string.Join(", ", columns.Select(c => $"\"{c}\""))}) FROM STDIN (FORMAT binary)",
            cancellationToken).ConfigureAwait(false);
        var writer = new BinaryCopyWriter(stream);
        writer.Start();
        for (var row = 0; row < rows.OpenTimes.Count; row++)
        {
            writer.Row((short)(1 + columns.Length));
            writer.Timestamp(rows.OpenTimes[row]);
            for (var model = 0; model < columns.Length; model++)
            {
                var classes = rows.Get(row, model);
                if (double.IsNaN(classes[0]))
                {
                    writer.Null();
                }
                else
                {
                    writer.Doubles(classes);
                }
            }
            await writer.FlushIfFullAsync(cancellationToken).ConfigureAwait(false);
        }
        await writer.EndAsync(cancellationToken).ConfigureAwait(false);
    }
}
