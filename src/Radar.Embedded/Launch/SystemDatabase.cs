using Npgsql;
using Radar.Market.Storage;

namespace Radar.Embedded.Launch;

/// <summary>What the launcher reads in the system's database. A database that is away, or not made yet, reads as nothing.</summary>
internal sealed class SystemDatabase(string connectionString) : IAsyncDisposable
{
    /// <summary>Connections.</summary>
    public NpgsqlDataSource Source { get; } = RadarDatabase.Create(connectionString, "launcher", maxPoolSize: 2);

    /// <summary>Rows of a query, or none.</summary>
    public async Task<List<T>> ReadAsync<T>(string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken, params object[] parameters)
    {
        var rows = new List<T>();
        try
        {
            await using var command = Source.CreateCommand(sql);
            foreach (var parameter in parameters)
            {
                command.Parameters.AddWithValue(parameter);
            }
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                rows.Add(read(reader));
            }
        }
        catch (NpgsqlException)
        {
            // Away, starting, or without its tables: the caller asks again.
        }
        return rows;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Source.DisposeAsync();
}
