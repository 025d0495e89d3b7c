using Npgsql;

namespace Radar.Jobs.Runs;

/// <summary>Statements with positional parameters ($1, $2, …) and nothing between us and them.</summary>
internal static class Sql
{
    public static async Task<int> ExecuteAsync(
        this NpgsqlConnection connection, string sql, object?[] parameters, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, sql, parameters);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public static async Task<List<T>> QueryAsync<T>(
        this NpgsqlConnection connection, string sql, object?[] parameters, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, sql, parameters);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await RowsAsync(reader, read, cancellationToken);
    }

    /// <summary>Statements in one message and one transaction; the rows of the last one.</summary>
    public static async Task<List<T>> QueryBatchAsync<T>(
        this NpgsqlConnection connection, IReadOnlyList<(string Sql, object?[] Parameters)> statements, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection);
        foreach (var (sql, parameters) in statements)
        {
            var command = new NpgsqlBatchCommand(sql);
            Bind(command.Parameters, parameters);
            batch.BatchCommands.Add(command);
        }

        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        for (var before = 1; before < statements.Count; before++)
        {
            await reader.NextResultAsync(cancellationToken);
        }

        return await RowsAsync(reader, read, cancellationToken);
    }

    public static string? Text(this NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    public static DateTimeOffset? Time(this NpgsqlDataReader row, int column) =>
        row.IsDBNull(column) ? null : row.GetFieldValue<DateTimeOffset>(column);

    public static T State<T>(this NpgsqlDataReader row, int column)
        where T : struct, Enum => Enum.Parse<T>(row.GetString(column), ignoreCase: true);

    /// <summary>A state as it stands in the database: small letters.</summary>
    public static string Word<T>(this T state)
        where T : struct, Enum => state.ToString().ToLowerInvariant();

    /// <summary>The database is not there, or not now: trying again may help.</summary>
    public static bool IsDatabaseAway(this Exception error)
    {
        for (var inner = error; inner is not null; inner = inner.InnerException)
        {
            if (inner is NpgsqlException { IsTransient: true } or System.Net.Sockets.SocketException
                || inner is PostgresException { SqlState: "57P01" or "57P02" or "57P03" or "53300" })
            {
                return true;
            }

            // A pool that cannot get a connection, or one cut in the middle of a message.
            if (inner is NpgsqlException and not PostgresException && inner.InnerException is IOException or TimeoutException)
            {
                return true;
            }
        }

        return false;
    }

    private static async Task<List<T>> RowsAsync<T>(NpgsqlDataReader reader, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken)
    {
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, object?[] parameters)
    {
        var command = new NpgsqlCommand(sql, connection);
        Bind(command.Parameters, parameters);
        return command;
    }

    private static void Bind(NpgsqlParameterCollection into, object?[] parameters)
    {
        foreach (var value in parameters)
        {
            into.Add(new() { Value = value ?? DBNull.Value });
        }
    }
}
