using System.Globalization;
using Microsoft.Extensions.Logging;
using Npgsql;
using Radar.Market;
using Radar.Market.Storage;
using Radar.Workers.Hosting;

namespace Radar.Workers.Producing.Wallex;

/// <summary>
/// Remembers over the end of the process which markets have a gap, and since when. A gap is written down before anything newer of its market is published:
/// otherwise a crash would leave a topic whose end looks whole. In <c>radar.open_gaps</c>; while PostgreSQL is away, and for a worker run by hand, in
/// <c>gaps/</c> of the logs' folder.
/// </summary>
internal sealed partial class OpenGaps : IDisposable
{
    private const int CommandSeconds = 5;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);
    private readonly TradeBook _book;
    private readonly WorkerContext _context;
    private readonly string _file;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _saving = new(1, 1);
    private Task _tableWrite = Task.CompletedTask;
    private Dictionary<string, DateTimeOffset> _saved = [];
    private long _savedOpenings = -1;
    private bool _inFile;

    public OpenGaps(TradeBook book, WorkerContext context, string logsDirectory)
    {
        (_book, _context, _file) = (book, context, FileOf(context, logsDirectory));
        _logger = context.Loggers.CreateLogger<OpenGaps>();
        _inFile = File.Exists(_file); // Merged with the table by whoever loads both, and struck out once all is in the table.
    }

    /// <summary>What a predecessor left.</summary>
    public static async Task<IReadOnlyDictionary<string, DateTimeOffset>> LoadAsync(WorkerContext context, string logsDirectory, CancellationToken cancellationToken)
    {
        var open = new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal);
        void Add(string symbol, DateTimeOffset since) => open[symbol] = open.TryGetValue(symbol, out var earlier) && earlier < since ? earlier : since;
        var file = FileOf(context, logsDirectory);
        foreach (var line in File.Exists(file) ? await File.ReadAllLinesAsync(file, cancellationToken).ConfigureAwait(false) : [])
        {
            if (line.Split(' ') is [var symbol, var since] && DateTimeOffset.TryParse(since, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
            {
                Add(symbol, time);
            }
        }
        if (context.IsAlone)
        {
            return open;
        }
        await using var command = context.Database.CreateCommand("SELECT symbol, since FROM radar.open_gaps WHERE worker_id = $1");
        command.CommandTimeout = CommandSeconds;
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = context.Id.Value });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            Add(reader.GetString(0), reader.GetFieldValue<DateTimeOffset>(1));
        }
        return open;
    }

    /// <summary>Returns once every gap that there is now is written down; at once when none was added. Waits for PostgreSQL only for a moment.</summary>
    /// <exception cref="FencedException">A newer process has taken over.</exception>
    public ValueTask EnsureSavedAsync(CancellationToken cancellationToken) =>
        _book.Openings == Volatile.Read(ref _savedOpenings) ? ValueTask.CompletedTask : new ValueTask(SaveAsync(isUrgent: true, cancellationToken));

    /// <summary>Strikes out gaps that were closed, and carries over to PostgreSQL what it did not take, until it is stopped.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(Look, _context.Time, cancellationToken).ConfigureAwait(false);
            await SaveAsync(isUrgent: false, cancellationToken).ConfigureAwait(false);
        }
    }

    public void Dispose() => _saving.Dispose();

    private async Task SaveAsync(bool isUrgent, CancellationToken cancellationToken)
    {
        await _saving.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var openings = _book.Openings; // Before looking: one that is opened meanwhile is saved in its own turn.
            var open = _book.OpenSince();
            var isNew = open.Count != _saved.Count || open.Any(gap => !_saved.TryGetValue(gap.Key, out var since) || since != gap.Value);
            if (!_context.IsAlone && (isNew || _inFile) && !(isUrgent && _inFile) && await TryWriteTableAsync(open, cancellationToken).ConfigureAwait(false))
            {
                if (_inFile)
                {
                    File.Delete(_file);
                    _inFile = false;
                }
            }
            else if (isNew)
            {
                await WriteFileAsync(open, cancellationToken).ConfigureAwait(false);
                _inFile = true;
            }
            _saved = open;
            Volatile.Write(ref _savedOpenings, openings);
        }
        finally
        {
            _saving.Release();
        }
    }

    // False: PostgreSQL is away, or says nothing. What is on its way still may arrive, and is followed by what is newer.
    private async Task<bool> TryWriteTableAsync(Dictionary<string, DateTimeOffset> open, CancellationToken cancellationToken)
    {
        if (!_tableWrite.IsCompleted)
        {
            return false;
        }
        _tableWrite = WriteTableAsync(open, cancellationToken);
        try
        {
            await _tableWrite.WaitAsync(Patience, _context.Time, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (Exception away) when (DatabaseAway.Is(away) && !cancellationToken.IsCancellationRequested)
        {
            if (!_inFile)
            {
                LogInFile(_file, away.Message);
            }
            return false;
        }
    }

    private async Task WriteTableAsync(Dictionary<string, DateTimeOffset> open, CancellationToken cancellationToken)
    {
        await using var connection = await _context.Database.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        var fence = _context.Lease.Fence;
        await using var proof = new NpgsqlCommand(Fence.Sql, connection) { CommandTimeout = CommandSeconds, Parameters = { new() { Value = fence.Lease }, new() { Value = fence.Epoch } } };
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
            CommandTimeout = CommandSeconds,
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

    [LoggerMessage(LogLevel.Warning, "Gaps are written to '{File}' until PostgreSQL takes them: {Problem}")]
    private partial void LogInFile(string file, string problem);
}
