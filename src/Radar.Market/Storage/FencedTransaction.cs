using Npgsql;

namespace Radar.Market.Storage;

/// <summary>A transaction that begins by proving its fence, if it has one. Not committed means rolled back.</summary>
internal sealed class FencedTransaction : IAsyncDisposable
{
    private readonly NpgsqlTransaction _transaction;

    private FencedTransaction(NpgsqlConnection connection, NpgsqlTransaction transaction) =>
        (Connection, _transaction) = (connection, transaction);

    public NpgsqlConnection Connection { get; }

    /// <exception cref="FencedException">A newer epoch holds the lease.</exception>
    public static async Task<FencedTransaction> BeginAsync(NpgsqlDataSource source, Fence? fence, CancellationToken cancellationToken)
    {
        var connection = await source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        NpgsqlTransaction? transaction = null;
        try
        {
            transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
            if (fence is { } held)
            {
                await using var proof = new NpgsqlCommand(Fence.Sql, connection)
                {
                    Parameters = { new() { Value = held.Lease }, new() { Value = held.Epoch } },
                };
                if (await proof.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is null)
                {
                    throw new FencedException(held);
                }
            }
            return new FencedTransaction(connection, transaction);
        }
        catch
        {
            if (transaction is not null)
            {
                await transaction.DisposeAsync().ConfigureAwait(false);
            }
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, Connection);
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    public Task CommitAsync(CancellationToken cancellationToken) => _transaction.CommitAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _transaction.DisposeAsync().ConfigureAwait(false);
        await Connection.DisposeAsync().ConfigureAwait(false);
    }
}
