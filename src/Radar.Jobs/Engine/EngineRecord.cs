using Npgsql;
using Radar.Jobs.Runs;

namespace Radar.Jobs.Engine;

/// <summary>The database belongs to another engine. Trying again does not help.</summary>
public sealed class OtherEngineException(string message) : Exception(message);

/// <summary>Which engine works this database: one, and it is written down.</summary>
public static class EngineRecord
{
    /// <summary>Writes the engine down where there is none, and refuses when there is another, unless asked to switch.</summary>
    /// <returns>True when the database has changed its engine: what this one knew of old must not count.</returns>
    /// <exception cref="OtherEngineException">Another engine is recorded, or nodes of it are still alive.</exception>
    internal static async Task<bool> ClaimAsync(
        NpgsqlDataSource database, string engine, bool switchEngine, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await connection.ExecuteAsync("LOCK TABLE radar.engine IN EXCLUSIVE MODE", [], cancellationToken);
        var recorded = (await connection.QueryAsync("SELECT name FROM radar.engine", [], r => r.GetString(0), cancellationToken)).SingleOrDefault();
        if (recorded is null)
        {
            await connection.ExecuteAsync("INSERT INTO radar.engine (name) VALUES ($1)", [engine], cancellationToken);
        }
        else if (recorded != engine)
        {
            await SwitchAsync(connection, recorded, engine, switchEngine, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return recorded is not null && recorded != engine;
    }

    /// <summary>The engine that the database belongs to; null where none has worked yet.</summary>
    public static async Task<string?> ReadAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var exists = new NpgsqlCommand("SELECT to_regclass('radar.engine') IS NOT NULL", connection);
        return await exists.ExecuteScalarAsync(cancellationToken) is true
            ? (await connection.QueryAsync("SELECT name FROM radar.engine", [], r => r.GetString(0), cancellationToken)).SingleOrDefault()
            : null;
    }

    /// <summary>What a node of another engine is told.</summary>
    internal static OtherEngineException Other(string recorded, string engine) => new(
        $"This database's jobs are in {recorded}, but Radar:Engine is {engine}. Set Radar:Engine={recorded}; or, to switch, stop all " +
        $"schedulers and start one with Radar:SwitchEngine=true: queued tasks are then put into {engine}.");

    private static async Task SwitchAsync(
        NpgsqlConnection connection, string recorded, string engine, bool switchEngine, CancellationToken cancellationToken)
    {
        if (!switchEngine)
        {
            throw Other(recorded, engine);
        }

        var alive = await connection.QueryAsync(
            "SELECT name FROM radar.nodes WHERE until > now() AND engine = $1 ORDER BY name", [recorded], r => r.GetString(0), cancellationToken);
        if (alive.Count > 0)
        {
            throw new OtherEngineException(
                $"Cannot switch from {recorded} to {engine}: {string.Join(", ", alive)} still run(s) on {recorded}. Stop those schedulers and start again.");
        }

        // What was queued in the old engine is owed by the new one: the sweeper puts it there at once.
        await connection.ExecuteAsync(
            """
            UPDATE radar.task_runs SET job_id = NULL, chained = false, enqueued_at = NULL, enqueues = 0, ready_at = coalesce(ready_at, now()) - interval '1 day'
            WHERE  state IN ('pending', 'ready', 'retrying')
            """, [], cancellationToken);
        await connection.ExecuteAsync("UPDATE radar.engine SET name = $1, since = now()", [engine], cancellationToken);
    }
}
