namespace Radar.Market.ClickHouse;

/// <summary>Makes tables, brings existing ones to what is needed without touching their rows, and drops them.</summary>
public static class TableSetup
{
    /// <summary>Makes database and table where they are not, and checks and completes a table that is.</summary>
    /// <returns>What was done, a line each; empty when everything was there.</returns>
    /// <exception cref="ClickHouseException">The server is away or too old, or a table of that name has other columns.</exception>
    public static async Task<IReadOnlyList<string>> SetupAsync(ClickHouseClient client, TableDefinition table, CancellationToken cancellationToken)
    {
        var features = await client.FeaturesAsync(cancellationToken);
        Refuse(table, features);
        var done = new List<string>();
        await client.ExecuteAsync($"CREATE DATABASE IF NOT EXISTS {TableName.Quote(table.Name.Database)}", cancellationToken);
        if ((await ColumnsAsync(client, table.Name, cancellationToken)).Count == 0)
        {
            await client.ExecuteAsync(table.CreateStatement, cancellationToken);
            done.Add($"made {table.Name}");
        }
        Compare(table, await ColumnsAsync(client, table.Name, cancellationToken));
        if (features.HasTtl)
        {
            await CompleteAsync(client, table, done, cancellationToken);
        }
        return done;
    }

    /// <summary>Whether there is such a table.</summary>
    /// <exception cref="ClickHouseException">The server is away or refuses.</exception>
    public static async Task<bool> ExistsAsync(ClickHouseClient client, TableName table, CancellationToken cancellationToken) =>
        (await ColumnsAsync(client, table, cancellationToken)).Count > 0;

    /// <summary>Drops a table with everything in it.</summary>
    /// <exception cref="ClickHouseException">The server is away or refuses.</exception>
    public static Task DropAsync(ClickHouseClient client, TableName table, CancellationToken cancellationToken) =>
        client.ExecuteAsync($"DROP TABLE IF EXISTS {table}", cancellationToken);

    /// <summary>Drops a database with all its tables, as the originals' <c>--drop_database</c> does.</summary>
    /// <exception cref="ClickHouseException">The server is away or refuses.</exception>
    public static Task DropDatabaseAsync(ClickHouseClient client, string database, CancellationToken cancellationToken) =>
        client.ExecuteAsync($"DROP DATABASE IF EXISTS {TableName.Quote(database)}", cancellationToken);

    private static void Refuse(TableDefinition table, ServerFeatures features)
    {
        if (table.NeedsModernServer && !(features.HasDateTime64 && features.HasTtl && features.Has(InsertSettings.Token) && features.Has(InsertSettings.Window)))
        {
            throw new ClickHouseException(
                ClickHouseFault.Setup, 0, $"{table.Name} needs ClickHouse 22.2 or newer (DateTime64, TTL, deduplication tokens); this is {features.Text}.");
        }
        if (table.RetentionDays is not null && !features.HasTtl)
        {
            throw new ClickHouseException(
                ClickHouseFault.Setup, 0, $"Rows of {table.Name} cannot have an age limit: that needs ClickHouse 19.6 or newer, this is {features.Text}. Unset it.");
        }
    }

    private static async Task<Dictionary<string, string>> ColumnsAsync(ClickHouseClient client, TableName table, CancellationToken cancellationToken) =>
        (await client.QueryAsync($"SELECT name, type FROM system.columns WHERE {Where(table, "table")}", cancellationToken))
            .ToDictionary(row => row[0]!, row => row[1]!, StringComparer.Ordinal);

    // Further columns are somebody's own and do no harm as long as they fill themselves.
    private static void Compare(TableDefinition table, Dictionary<string, string> found)
    {
        var wrong = table.Columns.Where(column => found.GetValueOrDefault(column.Name) != column.Type)
            .Select(column => $"{column.Name} should be {column.Type} and is {found.GetValueOrDefault(column.Name) ?? "not there"}").ToList();
        if (wrong.Count > 0)
        {
            var hint = found.ContainsKey("prices") || found.ContainsKey("level") ? " The two formats of the order book share a name: was it made with the other?" : "";
            throw new ClickHouseException(
                ClickHouseFault.Setup, 0, $"{table.Name} is there with other columns: {string.Join("; ", wrong)}.{hint} Use another table or database, or drop it.");
        }
    }

    private static async Task CompleteAsync(ClickHouseClient client, TableDefinition table, List<string> done, CancellationToken cancellationToken)
    {
        var shown = (await client.QueryAsync($"SELECT create_table_query FROM system.tables WHERE {Where(table.Name, "name")}", cancellationToken))[0][0]!;
        if (table is { RetentionIsAskedFor: true, TtlAsShown: { } ttl, Ttl: { } expression } && !shown.Contains(ttl + " ", StringComparison.Ordinal) && !shown.EndsWith(ttl, StringComparison.Ordinal))
        {
            await client.ExecuteAsync($"ALTER TABLE {table.Name} MODIFY TTL {expression}", cancellationToken);
            done.Add($"{table.Name} removes rows after {table.RetentionDays} days now");
        }
        if (table.DeduplicationWindow is { } window && !(shown + ",").Contains($"{InsertSettings.Window} = {window},", StringComparison.Ordinal))
        {
            await client.ExecuteAsync($"ALTER TABLE {table.Name} MODIFY SETTING {InsertSettings.Window} = {window}", cancellationToken);
            done.Add($"{table.Name} remembers its last {window} blocks now");
        }
    }

    private static string Where(TableName table, string column) =>
        $"database = {TableName.Literal(table.Database)} AND {column} = {TableName.Literal(table.Table)}";
}
