using System.Runtime.CompilerServices;
using Npgsql;
using Radar.Market.Storage;

namespace Radar.Market.Candles;

/// <summary>Minutes without a candle between two stored ones: from <paramref name="From"/> up to but not including <paramref name="To"/>.</summary>
public readonly record struct CandleGap(long From, long To)
{
    /// <summary>How many minutes are missing.</summary>
    public long Minutes => (To - From) / CandleTime.Minute;
}

public sealed partial class CandleTable
{
    // Rows an original wrote lack the columns after its own.
    internal const string Selected = """
        open_time, open::double precision, high::double precision, low::double precision, close::double precision, volume::double precision,
        close_time, quote_asset_volume::double precision, trades::bigint, taker_base::double precision, taker_quote::double precision, ignore::bigint
        """;

    /// <summary>
    /// Reads candles in order of time, a block at a time. Each block is a statement of its own, so that a slow reader holds neither a
    /// cursor nor a snapshot.
    /// </summary>
    /// <param name="range">Which open times.</param>
    /// <param name="block">Most candles in a block.</param>
    /// <param name="cancellationToken">Ends the reading at once.</param>
    public async IAsyncEnumerable<IReadOnlyList<Candle>> ReadAsync(
        TimeRange range, int block = 10_000, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        for (var from = range.From; from < range.To;)
        {
            var candles = await ReadBlockAsync(range with { From = from }, block, cancellationToken).ConfigureAwait(false);
            if (candles.Count == 0)
            {
                yield break;
            }
            from = candles[^1].OpenTime + 1;
            yield return candles;
        }
    }

    /// <summary>The last candles before a time, oldest first.</summary>
    public async Task<IReadOnlyList<Candle>> ReadBeforeAsync(long openTime, int rows, CancellationToken cancellationToken)
    {
        var from = await TimeBeforeAsync(openTime, rows, cancellationToken).ConfigureAwait(false);
        return await ReadBlockAsync(new TimeRange(from, openTime), rows, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Open time of the newest candle, or null when there is none.</summary>
    public Task<long?> MaxOpenTimeAsync(CancellationToken cancellationToken) => TimeAsync("SELECT max(open_time)", cancellationToken);

    /// <summary>Open time of the oldest candle, or null when there is none.</summary>
    public Task<long?> MinOpenTimeAsync(CancellationToken cancellationToken) => TimeAsync("SELECT min(open_time)", cancellationToken);

    /// <summary>How many candles there are.</summary>
    public async Task<long> CountAsync(TimeRange range, CancellationToken cancellationToken)
    {
        await using var command = _source.CreateCommand($"SELECT count(*) FROM {Name} WHERE open_time >= $1 AND open_time < $2");
        AddRange(command, range);
        return (long)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
    }

    /// <summary>Spans without candles between the first and the last stored one of a range, oldest first.</summary>
    public async Task<IReadOnlyList<CandleGap>> GapsAsync(TimeRange range, CancellationToken cancellationToken)
    {
        await using var command = _source.CreateCommand($"""
            SELECT earlier, open_time
            FROM (SELECT open_time, lag(open_time) OVER (ORDER BY open_time) AS earlier FROM {Name} WHERE open_time >= $1 AND open_time < $2) AS c
            WHERE open_time - earlier <> interval '1 minute' ORDER BY open_time
            """);
        AddRange(command, range);
        var gaps = new List<CandleGap>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            gaps.Add(new CandleGap(
                CandleTime.FromDateTime(reader.GetDateTime(0)) + CandleTime.Minute, CandleTime.FromDateTime(reader.GetDateTime(1))));
        }
        return gaps;
    }

    /// <summary>Open time of the row that lies <paramref name="rows"/> rows before a time, or of the first row when there are fewer.</summary>
    internal async Task<long> TimeBeforeAsync(long openTime, int rows, CancellationToken cancellationToken)
    {
        await using var command = _source.CreateCommand(
            $"SELECT min(open_time) FROM (SELECT open_time FROM {Name} WHERE open_time < $1 ORDER BY open_time DESC LIMIT $2) AS c");
        command.Parameters.Add(new NpgsqlParameter { Value = CandleTime.ToDateTime(openTime) });
        command.Parameters.Add(new NpgsqlParameter { Value = rows });
        return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is DateTime first
            ? CandleTime.FromDateTime(first)
            : openTime;
    }

    internal static Candle ReadCandle(BinaryCopyReader reader) => new(
        reader.Timestamp(), reader.Double(), reader.Double(), reader.Double(), reader.Double(), reader.Double(), reader.Timestamp(),
        reader.Double(), reader.Int64(), reader.Double(), reader.Double(), reader.Int64());

    internal static void AddRange(NpgsqlCommand command, TimeRange range)
    {
        command.Parameters.Add(new NpgsqlParameter { Value = CandleTime.ToDateTime(range.From) });
        command.Parameters.Add(new NpgsqlParameter { Value = CandleTime.ToDateTime(range.To) });
    }

    // COPY takes no parameters; the literals are numbers that we format ourselves.
    internal static string Within(TimeRange range) =>
        $"open_time >= {CandleTime.Literal(range.From)} AND open_time < {CandleTime.Literal(range.To)}";

    private async Task<IReadOnlyList<Candle>> ReadBlockAsync(TimeRange range, int limit, CancellationToken cancellationToken)
    {
        var candles = new List<Candle>();
        await using var connection = await _source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        await using var stream = await connection.BeginRawBinaryCopyAsync($"""
            COPY (SELECT {Selected} FROM {Name} WHERE {Within(range)} ORDER BY open_time LIMIT {limit}) TO STDOUT (FORMAT binary)
            """, cancellationToken).ConfigureAwait(false);
        var reader = new BinaryCopyReader(stream);
        while (await reader.NextAsync(cancellationToken).ConfigureAwait(false))
        {
            candles.Add(ReadCandle(reader));
        }
        return candles;
    }

    private async Task<long?> TimeAsync(string select, CancellationToken cancellationToken)
    {
        await using var command = _source.CreateCommand($"{select} FROM {Name}");
        return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is DateTime time
            ? CandleTime.FromDateTime(time)
            : null;
    }
}
