using Npgsql;
using Radar.Market;

namespace Radar.Jobs.Fleet;

/// <summary>A lease as it stands.</summary>
/// <param name="Epoch">Its epoch.</param>
/// <param name="Holder">Who took it: a process, as <see cref="ProcessIdentity.ToString"/> writes it.</param>
/// <param name="IsLive">Whether it has not ended yet, by PostgreSQL's clock.</param>
public sealed record LeaseRow(long Epoch, string Holder, bool IsLive);

/// <summary>
/// <c>radar.leases</c>: who may act as a name now. A lease is taken when nobody ever held it, when its time has passed, when it was released, or
/// when its holder was a process of this machine and is gone. Taking it raises the epoch; epochs only grow.
/// </summary>
public sealed class LeaseTable(NpgsqlDataSource source)
{
    private const int Patience = 5; // Seconds a statement about a lease may take: a renewal that is later than that is worth nothing.

    /// <summary>Takes the lease if it is free.</summary>
    /// <returns>The fence to write under, or null when somebody else holds it.</returns>
    public async Task<Fence?> TryTakeAsync(string name, ProcessIdentity holder, TimeSpan lasts, CancellationToken cancellationToken)
    {
        var current = await FindAsync(name, cancellationToken).ConfigureAwait(false);
        var dead = current is not null && ProcessIdentity.Parse(current.Holder) is { IsKnownDead: true };
        if (current is { IsLive: true } && !dead)
        {
            return null;
        }
        try
        {
            return await TakeAsync(name, holder, lasts, dead ? current!.Holder : "", cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresException blocked) when (blocked.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            // The former holder was stopped in the middle of a transaction that had proved its fence. Its time is over: end its sessions.
            await EndSessionsAsync(name, cancellationToken).ConfigureAwait(false);
            return await TakeAsync(name, holder, lasts, dead ? current!.Holder : "", cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Gives the lease back, if it is still this fence's, so that the next holder need not wait.</summary>
    public async Task ReleaseAsync(Fence fence, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("UPDATE radar.leases SET until = clock_timestamp() WHERE name = $1 AND epoch = $2");
        command.CommandTimeout = Patience;
        command.Parameters.Add(new() { Value = fence.Lease });
        command.Parameters.Add(new() { Value = fence.Epoch });
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The lease as it stands, or null when nobody ever took it.</summary>
    public async Task<LeaseRow?> FindAsync(string name, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("SELECT epoch, holder, until > clock_timestamp() FROM radar.leases WHERE name = $1");
        command.CommandTimeout = Patience;
        command.Parameters.Add(new() { Value = name });
        await using var row = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        return await row.ReadAsync(cancellationToken).ConfigureAwait(false)
            ? new LeaseRow(row.GetInt64(0), row.GetString(1), row.GetBoolean(2))
            : null;
    }

    // Raising the epoch changes a key, so it waits for every transaction that has proved the old one (Fence.Sql), but not for ever.
    private async Task<Fence?> TakeAsync(string name, ProcessIdentity holder, TimeSpan lasts, string deadHolder, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        await using (var patience = new NpgsqlCommand("SET LOCAL lock_timeout = '2s'", connection))
        {
            await patience.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }
        await using var take = new NpgsqlCommand("""
            INSERT INTO radar.leases AS l (name, epoch, holder, until) VALUES ($1, 1, $2, clock_timestamp() + $3)
            ON CONFLICT (name) DO UPDATE SET epoch = l.epoch + 1, holder = excluded.holder, until = clock_timestamp() + $3
            WHERE l.until <= clock_timestamp() OR l.holder = $4
            RETURNING epoch
            """, connection)
        {
            CommandTimeout = Patience,
            Parameters = { new() { Value = name }, new() { Value = holder.ToString() }, new() { Value = lasts }, new() { Value = deadHolder } },
        };
        var epoch = await take.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false);
        await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
        return epoch is long taken ? new Fence(name, taken) : null;
    }

    private async Task EndSessionsAsync(string name, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("""
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE starts_with(application_name, 'radar ' || $1 || ' #') AND application_name <> current_setting('application_name')
            """);
        command.Parameters.Add(new() { Value = name });
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }
}
