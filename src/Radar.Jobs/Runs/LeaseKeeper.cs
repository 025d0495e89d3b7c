using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Npgsql;
using Radar.Jobs.Engine;
using Radar.Jobs.Hosting;

namespace Radar.Jobs.Runs;

/// <summary>Renews the leases of this node's tasks, hears of cancelled runs, and tells the cluster that the node lives. One loop for all.</summary>
internal sealed partial class LeaseKeeper(
    NpgsqlDataSource database, RunSignals signals, JobsOptions options, TimeProvider time, ILogger<LeaseKeeper> logger)
{
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(50);

    private readonly ConcurrentDictionary<Guid, Held> _held = new();
    private long _renewedAt;
    private bool _away;

    /// <summary>Holds a claim until it is disposed.</summary>
    public Held Hold(Claim claim) => _held.GetOrAdd(claim.Token, _ => new(claim, token => _held.TryRemove(token, out var _)));

    /// <summary>Works until the token ends.</summary>
    /// <exception cref="OtherEngineException">The database has another engine now.</exception>
    public async Task RunAsync(string engine, CancellationToken cancellationToken)
    {
        using var woken = new SemaphoreSlim(0, 1);
        void Wake(long runId)
        {
            if (_held.Values.Any(h => h.Claim.RunId == runId) && woken.CurrentCount == 0)
            {
                try
                {
                    woken.Release();
                }
                catch (SemaphoreFullException)
                {
                    // Two at once: it is awake.
                }
            }
        }

        signals.Changed += Wake;
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                await TickAsync(engine, cancellationToken);
                if (await woken.WaitAsync(options.Poll, cancellationToken))
                {
                    await Task.Delay(Gather, time, cancellationToken); // A run of thousands changes hundreds of times a second: one look for all of that.
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Stopping.
        }
        finally
        {
            signals.Changed -= Wake;
        }
    }

    private async Task TickAsync(string engine, CancellationToken cancellationToken)
    {
        try
        {
            var renew = _renewedAt == 0 || time.GetElapsedTime(_renewedAt) >= options.Lease / 5;
            if (!renew && _held.IsEmpty)
            {
                return;
            }

            await using var connection = await database.OpenConnectionAsync(cancellationToken);
            if (renew)
            {
                await RenewAsync(connection, engine, cancellationToken);
            }

            var held = _held.Values.ToLookup(h => h.Claim.RunId);
            foreach (var runId in await connection.QueryAsync(
                "SELECT run_id FROM radar.workflow_runs WHERE run_id = ANY($1) AND state = 'cancelling'",
                [held.Select(run => run.Key).ToArray()], r => r.GetInt64(0), cancellationToken))
            {
                held[runId].ToList().ForEach(h => h.Cancel());
            }

            if (_away)
            {
                _away = false;
                LogBack();
            }
        }
        catch (Exception error) when (error.IsDatabaseAway() && !cancellationToken.IsCancellationRequested)
        {
            if (!_away)
            {
                _away = true;
                LogAway(error.Message);
            }
        }
#pragma warning disable CA1031 // One bad renewal must not be the last.
        catch (Exception error) when (error is not OtherEngineException && !cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            LogFailed(error);
        }
    }

    private async Task RenewAsync(NpgsqlConnection connection, string engine, CancellationToken cancellationToken)
    {
        var before = _held.ToArray();
        var isOurs = await connection.ExecuteAsync(
            """
            INSERT INTO radar.nodes (name, engine, pid, until) SELECT $1, $2, $3, now() + $4 FROM radar.engine WHERE radar.engine.name = $2
            ON CONFLICT (name) DO UPDATE
            SET started_at = CASE WHEN nodes.pid = excluded.pid THEN nodes.started_at ELSE now() END,
                engine = excluded.engine, pid = excluded.pid, heartbeat_at = now(), until = excluded.until
            """,
            [options.Node, engine, Environment.ProcessId, options.Lease], cancellationToken);
        if (isOurs == 0)
        {
            // It was away while the database changed its engine: what it holds is the business of the others.
            throw EngineRecord.Other(
                (await connection.QueryAsync("SELECT name FROM radar.engine", [], r => r.GetString(0), cancellationToken)).SingleOrDefault() ?? "no engine", engine);
        }

        // A row that is locked is about to end, which may take its time where thousands follow from it: the others' leases do not wait for that.
        var renewed = await connection.QueryAsync(
            """
            WITH held AS MATERIALIZED (
              SELECT task_id, token FROM radar.task_runs WHERE task_id = ANY($1) AND token = ANY($2) AND state = 'running'),
            free AS MATERIALIZED (
              SELECT task_id FROM radar.task_runs WHERE task_id IN (SELECT task_id FROM held) FOR UPDATE SKIP LOCKED),
            renewed AS (
              UPDATE radar.task_runs t SET lease_until = now() + $3 FROM free
              WHERE  t.task_id = free.task_id AND t.token = ANY($2) AND t.state = 'running')
            SELECT token FROM held
            """,
            [before.Select(h => h.Value.Claim.TaskId).ToArray(), before.Select(h => h.Key).ToArray(), options.Lease], r => r.GetGuid(0), cancellationToken);
        foreach (var (token, held) in before.Where(h => !renewed.Contains(h.Key) && _held.ContainsKey(h.Key) && !h.Value.Ending))
        {
            LogLost(held.Claim.RunId, held.Claim.Task, held.Claim.Attempt);
            held.Lose();
        }

        _renewedAt = time.GetTimestamp();
    }

    /// <summary>A claim this node holds.</summary>
    public sealed class Held(Claim claim, Action<Guid> release) : IDisposable
    {
        private readonly CancellationTokenSource _stop = new();

        /// <summary>The claim.</summary>
        public Claim Claim { get; } = claim;

        /// <summary>Signalled when the run is cancelled or the lease is lost.</summary>
        public CancellationToken Stop => _stop.Token;

        /// <summary>The run was cancelled.</summary>
        public bool Cancelled { get; private set; }

        /// <summary>Somebody else has the task now.</summary>
        public bool Lost { get; private set; }

        /// <summary>Its end is being written: a renewal that misses it means nothing.</summary>
        public bool Ending { get; set; }

        /// <summary>Tells the body that its run was cancelled.</summary>
        public void Cancel()
        {
            Cancelled = true;
            _stop.Cancel();
        }

        /// <summary>Tells the body that its lease is lost.</summary>
        public void Lose()
        {
            Lost = true;
            _stop.Cancel();
        }

        /// <inheritdoc/>
        public void Dispose() => release(Claim.Token); // The source is left to the collector: a late renewal may still signal it.
    }
}
