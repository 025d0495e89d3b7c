using Npgsql;
using Radar.Jobs.Engine;

namespace Radar.Jobs.Runs;

/// <summary>
/// One transaction on runs: what changes and what became ready are one. Jobs go into the engine inside it where the engine can, else
/// right after the commit; if the process dies in between, the ready row itself is the note that the engine is owed a job.
/// </summary>
internal sealed class RunUnit : IAsyncDisposable
{
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
        if (_engine.Traits.Enlists)
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
            foreach (var (job, _) in _jobs)
            {
                var id = await _engine.EnqueueAsync(job, _transaction, cancellationToken);
                await Connection.ExecuteAsync(Enqueued, [job.Payload.TaskId, id], cancellationToken);
            }
        }
#pragma warning disable CA1031 // An engine that is stopping takes no jobs. How a task ended must be written all the same: the sweeper puts its children.
        catch (Exception refused) when (!refused.IsDatabaseAway() && refused.GetBaseException() is not (NpgsqlException or OperationCanceledException))
#pragma warning restore CA1031
        {
        }
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        if (!_engine.Traits.Enlists)
        {
            foreach (var job in _jobs)
            {
                await PutAsync(job, null, cancellationToken);
            }
        }

        foreach (var id in _withdrawn)
        {
            await _engine.CancelAsync(id, cancellationToken);
        }
    }

    private async Task PutAsync(ChainedJob job, string? after, CancellationToken cancellationToken)
    {
        var id = await _engine.EnqueueAsync(job.Job with { After = after }, null, cancellationToken);
        await Connection.ExecuteAsync(Enqueued, [job.Job.Payload.TaskId, id], cancellationToken);
        foreach (var next in job.Then)
        {
            await PutAsync(next, id, cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _transaction.DisposeAsync();
        await Connection.DisposeAsync();
    }

    private const string Enqueued = """
        UPDATE radar.task_runs SET job_id = $2, enqueued_at = clock_timestamp(), enqueues = enqueues + 1 WHERE task_id = $1
        """;
}
