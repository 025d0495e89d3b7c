using Microsoft.Extensions.Logging;
using Npgsql;

namespace Radar.Jobs.Schema;

/// <summary>
/// Brings schema <c>radar</c> to this build's version. Any number of processes may call it at once: one works, the others wait for it.
/// Scripts expand first and contract a version later, so that this version and the one before it run side by side.
/// </summary>
public sealed partial class Migrator(NpgsqlDataSource database, ILogger<Migrator> logger)
{
    // "radar" and "mig" in ASCII: no other program takes this key.
    private const long LockKey = 0x72_61_64_61_72_6d_69_67;

    /// <summary>Applies what is missing, each script in a transaction of its own.</summary>
    /// <returns>How many scripts were applied.</returns>
    /// <exception cref="SchemaException">The database is newer than this build, or an applied script has changed since.</exception>
    public Task<int> MigrateAsync(CancellationToken cancellationToken) => MigrateAsync(Migration.Embedded(), cancellationToken);

    internal async Task<int> MigrateAsync(IReadOnlyList<Migration> known, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await ExecuteAsync(connection, $"SELECT pg_advisory_lock({LockKey})", cancellationToken);
        try
        {
            await ExecuteAsync(connection, """
                CREATE SCHEMA IF NOT EXISTS radar;
                CREATE TABLE IF NOT EXISTS radar.migrations (
                  number     int PRIMARY KEY,
                  name       text NOT NULL,
                  sha256     text NOT NULL,
                  applied_at timestamptz NOT NULL DEFAULT now()
                );
                """, cancellationToken);
            var applied = await AppliedAsync(connection, cancellationToken);
            Check(known, applied);
            var missing = known.Where(m => !applied.ContainsKey(m.Number)).ToList();
            foreach (var migration in missing)
            {
                await ApplyAsync(connection, migration, cancellationToken);
                LogApplied(migration.Number, migration.Name);
            }

            return missing.Count;
        }
        finally
        {
            // Not with the caller's token: a pooled connection must not go back with the lock.
            await ExecuteAsync(connection, $"SELECT pg_advisory_unlock({LockKey})", CancellationToken.None);
        }
    }

    internal static void Check(IReadOnlyList<Migration> known, IReadOnlyDictionary<int, (string Name, string Sha256)> applied)
    {
        var newest = known.Count == 0 ? 0 : known.Max(m => m.Number);
        if (applied.Count > 0 && applied.Keys.Max() is var inDatabase && inDatabase > newest)
        {
            throw new SchemaException(
                $"The database's schema is at {inDatabase:0000} ({applied[inDatabase].Name}), newer than this build, which knows up to {newest:0000}. " +
                "Run the newer build, or point Radar:Database at another database.");
        }

        foreach (var migration in known)
        {
            if (applied.TryGetValue(migration.Number, out var was) && was.Sha256 != migration.Sha256)
            {
                throw new SchemaException(
                    $"Migration {migration.Number:0000}_{migration.Name} was applied with checksum {was.Sha256[..12]}, but this build has {migration.Sha256[..12]}. " +
                    "An applied script must not change: restore it and put the change into a new number, or erase the database if it is only a test (./radar down --erase).");
            }
        }
    }

    private static async Task<Dictionary<int, (string Name, string Sha256)>> AppliedAsync(
        NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT number, name, sha256 FROM radar.migrations", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var applied = new Dictionary<int, (string, string)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            applied[reader.GetInt32(0)] = (reader.GetString(1), reader.GetString(2));
        }

        return applied;
    }

    private static async Task ApplyAsync(NpgsqlConnection connection, Migration migration, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        try
        {
            await ExecuteAsync(connection, migration.Sql, cancellationToken);
        }
        catch (PostgresException refused)
        {
            throw new SchemaException(
                $"Migration {migration.Number:0000}_{migration.Name} was refused: {refused.MessageText} (SQLSTATE {refused.SqlState}). Nothing of it was kept.");
        }

        await using var record = new NpgsqlCommand(
            "INSERT INTO radar.migrations (number, name, sha256) VALUES ($1, $2, $3)", connection, transaction)
        {
            Parameters = { new() { Value = migration.Number }, new() { Value = migration.Name }, new() { Value = migration.Sha256 } },
        };
        await record.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 300 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
