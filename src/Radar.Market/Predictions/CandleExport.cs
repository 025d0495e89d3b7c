using Radar.Market.Candles;
using Radar.Market.Models;
using Radar.Market.Storage;

namespace Radar.Market.Predictions;

/// <summary>How an export is written.</summary>
public enum ExportFormat
{
    /// <summary>A header and a line per candle.</summary>
    Csv,

    /// <summary>An array with an object per candle.</summary>
    Json,
}

/// <summary>
/// Writes candles or predictions of a range for people and other programs: <c>open_time</c> in milliseconds UTC first, then the kline's
/// columns, or <c>lightgbm_v1_sell</c>, <c>_hold</c>, <c>_buy</c> and so on, empty (null) where there is none.
/// </summary>
public sealed class CandleExport(PredictionStore store)
{
    private const int BlockRows = 10_000;
    private static readonly string[] Classes = ["sell", "hold", "buy"];

    private static readonly string[] CandleColumns =
        ["open", "high", "low", "close", "volume", "close_time", "quote_asset_volume", "trades", "taker_base", "taker_quote", "ignore"];

    /// <summary>Writes candles.</summary>
    /// <returns>How many.</returns>
    public async Task<long> WriteCandlesAsync(TimeRange range, ExportFormat format, Stream output, CancellationToken cancellationToken)
    {
        using var sink = new ExportSink(output, format, CandleColumns);
        var count = 0L;
        await foreach (var candles in store.Table.ReadAsync(range, BlockRows, cancellationToken).ConfigureAwait(false))
        {
            foreach (var c in candles)
            {
                sink.Row(c.OpenTime);
                sink.Number(c.Open);
                sink.Number(c.High);
                sink.Number(c.Low);
                sink.Number(c.Close);
                sink.Number(c.Volume);
                sink.Integer(c.CloseTime == 0 ? null : c.CloseTime);
                sink.Number(c.QuoteVolume);
                sink.Integer(c.Trades);
                sink.Number(c.TakerBase);
                sink.Number(c.TakerQuote);
                sink.Integer(c.Ignore);
            }
            count += candles.Count;
            await sink.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
        await sink.EndAsync(cancellationToken).ConfigureAwait(false);
        return count;
    }

    /// <summary>Writes a row for every candle, with what each of these versions says of it.</summary>
    /// <returns>How many rows.</returns>
    public async Task<long> WritePredictionsAsync(
        IReadOnlyList<ModelId> models, TimeRange range, ExportFormat format, Stream output, CancellationToken cancellationToken)
    {
        using var sink = new ExportSink(output, format, [.. models.SelectMany(m => Classes.Select(c => $"{m.Model}_{m.Version}_{c}"))]);
        var columns = string.Concat(models.Select(m => $", \"{m.Column}\"::double precision[]"));
        var classes = new double[PredictionModel.Classes];
        var count = 0L;
        for (var from = range.From; from < range.To;)
        {
            var rows = 0;
            await using var connection = await store.Table.Source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
            await using var stream = await connection.BeginRawBinaryCopyAsync($"""
                COPY (SELECT open_time{columns} FROM {store.Table.Name}
                      WHERE {CandleTable.Within(range with { From = from })} ORDER BY open_time LIMIT {BlockRows}) TO STDOUT (FORMAT binary)
                """, cancellationToken).ConfigureAwait(false);
            var reader = new BinaryCopyReader(stream);
            for (; await reader.NextAsync(cancellationToken).ConfigureAwait(false); rows++)
            {
                var openTime = reader.Timestamp();
                sink.Row(openTime);
                from = openTime + 1;
                for (var model = 0; model < models.Count; model++)
                {
                    var present = reader.Doubles(classes);
                    foreach (var value in classes)
                    {
                        sink.Number(present ? value : double.NaN);
                    }
                }
            }
            count += rows;
            await sink.FlushAsync(cancellationToken).ConfigureAwait(false);
            if (rows == 0)
            {
                break;
            }
        }
        await sink.EndAsync(cancellationToken).ConfigureAwait(false);
        return count;
    }
}
