using System.Globalization;
using Npgsql;
using Radar.Market;
using Radar.Market.Storage;
using Radar.Workers.Hosting;

namespace Radar.Workers.Producing.Wallex;

/// <summary>
/// Remembers over the end of the process which markets have a gap, and since when. A gap is written down before anything newer of its market is published:
/// otherwise a crash would leave a topic whose end looks whole. In <c>radar.open_gaps</c>, or, for a worker run by hand, in <c>gaps/</c> of the logs' folder.
/// </summary>
internal sealed class OpenGaps : IDisposable
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);
    private readonly TradeBook _book;
    private readonly WorkerContext _context;
    private readonly string _file;
    private readonly SemaphoreSlim _saving = new(1, 1);
    private Dictionary<string, DateTimeOffset> _saved = [];
    private long _savedOpenings = -1;

    public OpenGaps(TradeBook book, WorkerContext context, string logsDirectory) => (_book, _context, _file) = (book, context, FileOf(context, logsDirectory));

    /// <summary>What a predecessor left.</summary>
    public static async Task<IReadOnlyDictionary<string, DateTimeOffset>> LoadAsync(WorkerContext context, string logsDirectory, CancellationToken cancellationToken)
    {
        var open = new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal);
        if (context.IsAlone)
        {
            var file = FileOf(context, logsDirectory);
            foreach (var line in File.Exists(file) ? await File.ReadAllLinesAsync(file, cancellationToken).ConfigureAwait(false) : [])
            {
                if (line.Split(' ') is [var symbol, var since] && DateTimeOffset.TryParse(since, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
                {
                    open[symbol] = time;
                }
            }
            return open;
        }
        await using var command = context.Database.CreateCommand("SELECT symbol, since FROM radar.open_gaps WHERE worker_id = $1");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = context.Id.Value });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            open[reader.GetString(0)] = reader.GetFieldValue<DateTimeOffset>(1);
        }
        return open;
    }

    /// <summary>Returns once every gap that there is now is written down; at once when none was added. Waits for PostgreSQL as long as that is away.</summary>
    /// <exception cref="FencedException">A newer process has taken over.</exception>
    public ValueTask EnsureSavedAsync(CancellationToken cancellationToken) =>
        _book.Openings == Volatile.Read(ref _savedOpenings) ? ValueTask.CompletedTask : new ValueTask(SaveAsync(cancellationToken));

    /// <summary>Strikes out gaps that were closed, until it is stopped.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(Look, _context.Time, cancellationToken).ConfigureAwait(false);
            await SaveAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public void Dispose() => _saving.Dispose();

    private async Task SaveAsync(CancellationToken cancellationToken)
    {
        await _saving.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            while (true)
            {
                var openings = _book.Openings; // Before looking: one that is opened meanwhile is saved in its own turn.
                var open = _book.OpenSince();
                if (open.Count != _saved.Count || open.Any(gap => !_saved.TryGetValue(gap.Key, out var since) || since != gap.Value))
                {
                    try
                    {
                        await (_context.IsAlone ? WriteFileAsync(open, cancellationToken) : WriteTableAsync(open, cancellationToken)).ConfigureAwait(false);
                    }
                    catch (Exception away) when (DatabaseAway.Is(away) && !cancellationToken.IsCancellationRequested)
                    {
                        await Task.Delay(Retry, _context.Time, cancellationToken).ConfigureAwait(false);
                        continue;
                    }
                    _saved = open;
                }
                Volatile.Write(ref _savedOpenings, openings);
                return;
            }
        }
        finally
        {
            _saving.Release();
        }
    }

    private async Task WriteTableAsync(Dictionary<string, DateTimeOffset> open, CancellationToken cancellationToken)
    {
        await using var connection = await _context.Database.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        var fence = _context.Lease.Fence;
        await using var proof = new NpgsqlCommand(Fence.Sql, connection) { Parameters = { new() { Value = fence.Lease }, new() { Value = fence.Epoch } } };
        if (await proof.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is null)
        {
            throw new FencedException(fence);
        }
        await using var command = new NpgsqlCommand("""
            WITH gone AS (DELETE FROM radar.open_gaps WHERE worker_id = $1 AND symbol <> ALL ($2::text[]))
            INSERT INTO radar.open_gaps (worker_id, symbol, since) SELECT $1, s, t FROM unnest($2::text[], $3::timestamptz[]) AS g (s, t)
            ON CONFLICT (worker_id, symbol) DO UPDATE SET since = excluded.since
            """, connection)
        {
            Parameters = { new() { Value = _context.Id.Value }, new() { Value = open.Keys.ToArray() }, new() { Value = open.Values.Select(since => since.UtcDateTime).ToArray() } },
        };
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task WriteFileAsync(Dictionary<string, DateTimeOffset> open, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_file)!);
        await File.WriteAllLinesAsync(_file + ".new", open.Select(gap => $"{gap.Key} {gap.Value.UtcDateTime:O}"), cancellationToken).ConfigureAwait(false);
        File.Move(_file + ".new", _file, overwrite: true);
    }

    private static string FileOf(WorkerContext context, string logsDirectory) => Path.Combine(logsDirectory, "gaps", context.Id.FileName + ".open");
}
