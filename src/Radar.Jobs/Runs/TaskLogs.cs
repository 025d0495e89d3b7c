using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Radar.Jobs.Runs;

/// <summary>Writes what tasks say while they run: small batches, several times a second, so that people can watch.</summary>
internal sealed partial class TaskLogs(NpgsqlDataSource database, TimeProvider time, ILogger<TaskLogs> logger)
{
    private const int Batch = 500;

    private readonly Channel<Note> _notes = Channel.CreateBounded<Note>(
        new BoundedChannelOptions(20_000) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    private long _dropped;
    private long _unwritten;

    /// <summary>Notes a line. Never waits: while PostgreSQL is away 20,000 notes are kept, those beyond are counted and dropped.</summary>
    public void Line(Claim claim, string level, string message) =>
        Add(new(claim, time.GetUtcNow(), level, Storable.Text(message), null, null, null));

    /// <summary>Notes how far a task is.</summary>
    public void Progress(Claim claim, double? progress, string activity) =>
        Add(new(claim, time.GetUtcNow(), null, null, progress, Storable.Text(activity), null));

    /// <summary>Waits until everything noted so far is written.</summary>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Read(ref _unwritten) == 0)
        {
            return;
        }

        var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await _notes.Writer.WriteAsync(new(null, default, null, null, null, null, written), cancellationToken);
        await written.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Writes until the token ends.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var batch = new List<Note>(Batch);
        try
        {
            while (await _notes.Reader.WaitToReadAsync(cancellationToken))
            {
                while (batch.Count < Batch && _notes.Reader.TryRead(out var note))
                {
                    batch.Add(note);
                }

                await WriteAsync(batch, cancellationToken);
                Interlocked.Add(ref _unwritten, -batch.Count(n => n.Written is null));
                batch.ForEach(n => n.Written?.TrySetResult());
                var hurry = batch.Exists(n => n.Written is not null);
                batch.Clear();
                if (!hurry && _notes.Reader.Count < Batch)
                {
                    // Lines come in bursts: one statement for each burst.
                    await Task.Delay(TimeSpan.FromMilliseconds(50), time, cancellationToken);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Stopping; what ended has flushed.
        }
    }

    private void Add(Note note)
    {
        Interlocked.Increment(ref _unwritten);
        if (!_notes.Writer.TryWrite(note))
        {
            Interlocked.Decrement(ref _unwritten);
            Interlocked.Increment(ref _dropped);
        }
    }

    private async Task WriteAsync(List<Note> batch, CancellationToken cancellationToken)
    {
        var lines = batch.Where(n => n.Message is not null).ToList();
        var progress = batch.Where(n => n.Activity is not null).GroupBy(n => n.Claim!.Token).Select(g => g.Last()).ToList();
        if ((lines.Count > 0 || progress.Count > 0) && await RefusedAsync(lines, progress, cancellationToken) is { } problem)
        {
            // One that cannot be stored takes no other with it, and leaves a word of itself.
            LogRefused(problem, lines.Count);
            foreach (var line in lines)
            {
                if (await RefusedAsync([line], [], cancellationToken) is { } reason)
                {
                    await RefusedAsync([line with { Message = Storable.Text($"(a line that PostgreSQL did not take: {reason.Message})") }], [], cancellationToken);
                }
            }

            foreach (var note in progress)
            {
                await RefusedAsync([], [note], cancellationToken);
            }
        }

        if (Interlocked.Exchange(ref _dropped, 0) is > 0 and var dropped)
        {
            LogDropped(dropped);
        }
    }

    /// <summary>Writes as soon as PostgreSQL is there. Null: written; else what is wrong with it.</summary>
    private async Task<Exception?> RefusedAsync(List<Note> lines, List<Note> progress, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await using var connection = await database.OpenConnectionAsync(cancellationToken);
                await WriteAsync(connection, lines, progress, cancellationToken);
                return null;
            }
            catch (Exception error) when (error.IsDatabaseAway() && !cancellationToken.IsCancellationRequested)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), time, cancellationToken);
            }
#pragma warning disable CA1031 // What tasks say must never stop the writer: every task waits for it before it ends.
            catch (Exception error) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
            {
                return error;
            }
        }
    }

    private static async Task WriteAsync(
        NpgsqlConnection connection, List<Note> lines, List<Note> progress, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (lines.Count > 0)
        {
            await connection.ExecuteAsync(
                """
                INSERT INTO radar.task_logs (task_id, attempt, at, level, message)
                SELECT l.task_id, l.attempt, l.at, l.level, l.message
                FROM   unnest($1::bigint[], $2::int[], $3::timestamptz[], $4::text[], $5::text[]) WITH ORDINALITY
                       AS l(task_id, attempt, at, level, message, place)
                WHERE  EXISTS (SELECT 1 FROM radar.task_runs t WHERE t.task_id = l.task_id)
                ORDER BY l.place
                """,
                [
                    lines.Select(n => n.Claim!.TaskId).ToArray(), lines.Select(n => n.Claim!.Attempt).ToArray(),
                    lines.Select(n => n.At.UtcDateTime).ToArray(), lines.Select(n => n.Level!).ToArray(),
                    lines.Select(n => n.Message!).ToArray(),
                ],
                cancellationToken);
            await connection.ExecuteAsync(
                "SELECT pg_notify('radar_runs', run::text) FROM unnest($1::bigint[]) AS run",
                [lines.Select(n => n.Claim!.RunId).Distinct().ToArray()], cancellationToken);
        }

        foreach (var note in progress)
        {
            await connection.ExecuteAsync(
                "UPDATE radar.task_runs SET progress = $3::double precision, activity = $4 WHERE task_id = $1 AND token = $2",
                [note.Claim!.TaskId, note.Claim.Token, note.Progress, note.Activity], cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    private sealed record Note(
        Claim? Claim, DateTimeOffset At, string? Level, string? Message, double? Progress, string? Activity, TaskCompletionSource? Written);

    [LoggerMessage(LogLevel.Warning, "Of {Lines} task log lines, at least one was refused by PostgreSQL: they are written one by one")]
    private partial void LogRefused(Exception error, int lines);

    [LoggerMessage(LogLevel.Warning, "{Dropped} task log lines were dropped: tasks wrote faster than PostgreSQL took them, or it was away")]
    private partial void LogDropped(long dropped);
}
