using System.Collections.Concurrent;
using Npgsql;
using Radar.Jobs.Engine;

namespace Radar.Jobs.Runs;

/// <summary>
/// One transaction on runs: what changes and what became ready are one. Jobs go into the engine inside it where the engine can and they are not very many, else
/// right after the commit; if the process dies in between, the ready row itself is the note that the engine is owed a job.
/// </summary>
internal sealed class RunUnit : IAsyncDisposable
{
    /// <summary>Jobs put before they are noted; a transaction takes no more with it: the first of thousands are not to wait for the last.</summary>
    public const int Chunk = 100;

    // Few enough that nobody waits long for the first of them.
    private const int Together = 20;

    // An engine outside the transaction commits each job by itself: a few at a time, and noted before the sweeper loses its patience.
    private const int AtATime = 4;

    private readonly IJobEngine _engine;
    private readonly NpgsqlTransaction _transaction;
    private readonly List<ChainedJob> _jobs = [];
    private readonly List<string> _withdrawn = [];

    private RunUnit(IJobEngine engine, NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        _engine = engine;
        Connection = connection;
        _transaction = transaction;
    }

    public NpgsqlConnection Connection { get; }

    public static async Task<RunUnit> BeginAsync(NpgsqlDataSource database, IJobEngine engine, CancellationToken cancellationToken)
    {
        var connection = await database.OpenConnectionAsync(cancellationToken);
        try
        {
            return new(engine, connection, await connection.BeginTransactionAsync(cancellationToken));
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private bool Enlists => _engine.Traits.Enlists && _jobs.Count <= Chunk;

    /// <summary>The engine follows an edge with one parent by itself.</summary>
    public bool Chains => _engine.Traits.Chains;

    /// <summary>Notes a job to be put into the engine with the commit.</summary>
    public void Put(EngineJob job) => Put(new ChainedJob(job, []));

    /// <summary>Notes a job to be put into the engine with the commit, and its continuations.</summary>
    public void Put(ChainedJob job) => _jobs.Add(job);

    /// <summary>Notes a job to be taken back after the commit.</summary>
    public void Withdraw(string jobId) => _withdrawn.Add(jobId);

    public async Task CommitAsync(CancellationToken cancellationToken)
    {
        if (Enlists)
        {
            await EnlistAsync(cancellationToken);
        }

        await _transaction.CommitAsync(cancellationToken);
        try
        {
            await FollowAsync(cancellationToken);
        }
#pragma warning disable CA1031 // What counts is committed: a job not put is put by the sweeper, one not withdrawn finds its task cancelled.
        catch (Exception)
#pragma warning restore CA1031
        {
        }
    }

    private async Task EnlistAsync(CancellationToken cancellationToken)
    {
        try
        {
            await NoteAsync(await EnlistAsync(_jobs, _transaction, cancellationToken), cancellationToken);
        }
#pragma warning disable CA1031 // An engine that is stopping takes no jobs. How a task ended must be written all the same: the sweeper puts its children.
        catch (Exception refused) when (!refused.IsDatabaseAway() && refused.GetBaseException() is not (NpgsqlException or OperationCanceledException))
#pragma warning restore CA1031
        {
        }
    }

    private async Task<List<(long Task, string Job)>> EnlistAsync(
        IReadOnlyList<ChainedJob> jobs, NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        var put = new List<(long Task, string Job)>();
        foreach (var (job, _) in jobs)
        {
            put.Add((job.Payload.TaskId, await _engine.EnqueueAsync(job, transaction, cancellationToken)));
        }

        return put;
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        if (!Enlists)
        {
            foreach (var chunk in _jobs.Chunk(_engine.Traits.Enlists ? Together : Chunk))
            {
                await (_engine.Traits.Enlists ? PutTogetherAsync(chunk, cancellationToken) : PutBesideAsync(chunk, cancellationToken));
            }
        }

        foreach (var id in _withdrawn)
        {
            await _engine.CancelAsync(id, cancellationToken);
        }
    }

    // Jobs and their note are one here too, so that thousands cost a commit and a wake-up for each few instead of one for each.
    private async Task PutTogetherAsync(IReadOnlyList<ChainedJob> jobs, CancellationToken cancellationToken)
    {
        await using var transaction = await Connection.BeginTransactionAsync(cancellationToken);
        await NoteAsync(await EnlistAsync(jobs, transaction, cancellationToken), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private async Task PutBesideAsync(IReadOnlyList<ChainedJob> jobs, CancellationToken cancellationToken)
    {
        var put = new ConcurrentQueue<(long Task, string Job)>();
        await Parallel.ForEachAsync(
            jobs, new ParallelOptions { MaxDegreeOfParallelism = AtATime, CancellationToken = cancellationToken },
            async (job, token) => await PutAsync(job, null, put, token));
        await NoteAsync(put, cancellationToken);
    }

    private async Task PutAsync(ChainedJob job, string? after, ConcurrentQueue<(long Task, string Job)> put, CancellationToken cancellationToken)
    {
        var engineJob = job.Job with { After = after, Held = after is null && job.Then.Count > 0 };
        var id = await _engine.EnqueueAsync(engineJob, null, cancellationToken);
        put.Enqueue((job.Job.Payload.TaskId, id));
        foreach (var next in job.Then)
        {
            await PutAsync(next, id, put, cancellationToken);
        }

        if (engineJob.Held)
        {
            await _engine.ReleaseAsync(id, engineJob, cancellationToken);
        }
    }

    private async Task NoteAsync(IReadOnlyCollection<(long Task, string Job)> put, CancellationToken cancellationToken)
    {
        if (put.Count > 0)
        {
            await Connection.ExecuteAsync(
                """
                UPDATE radar.task_runs t SET job_id = n.job_id, enqueued_at = clock_timestamp(), enqueues = enqueues + 1
                FROM   unnest($1::bigint[], $2::text[]) AS n(task_id, job_id) WHERE t.task_id = n.task_id
                """,
                [put.Select(p => p.Task).ToArray(), put.Select(p => p.Job).ToArray()], cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _transaction.DisposeAsync();
        await Connection.DisposeAsync();
    }
}
