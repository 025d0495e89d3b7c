using Microsoft.Extensions.Logging.Abstractions;
using Radar.Jobs.Schema;
using Radar.Testing;

namespace Radar.Jobs.Tests.Schema;

public sealed class MigratorTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task Migrate_FourProcessesAtOnce_ApplyEachScriptOnce()
    {
        var database = await postgres.CreateDatabaseAsync();
        var applied = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Migrator(database).MigrateAsync(default)));

        Assert.Equal(Migration.Embedded().Count, applied.Sum());
        Assert.Equal(0, await Migrator(database).MigrateAsync(default));
        Assert.Equal(Migration.Embedded().Count, await database.ScalarAsync<long>("SELECT count(*) FROM radar.migrations"));
    }

    [Fact]
    public async Task Migrate_NewerDatabase_RefusesAndSaysWhatToDo()
    {
        var database = await postgres.CreateDatabaseAsync();
        await Migrator(database).MigrateAsync(default);
        await database.ExecuteAsync("INSERT INTO radar.migrations (number, name, sha256) VALUES (9001, 'from_the_future', 'x')");

        var refused = await Assert.ThrowsAsync<SchemaException>(() => Migrator(database).MigrateAsync(default));
        Assert.Contains("9001 (from_the_future)", refused.Message, StringComparison.Ordinal);
        Assert.Contains("Run the newer build", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Migrate_ScriptChangedSince_NamesIt()
    {
        var database = await postgres.CreateDatabaseAsync();
        await Migrator(database).MigrateAsync([new(1, "things", "CREATE TABLE radar.things (id int)")], default);

        var refused = await Assert.ThrowsAsync<SchemaException>(
            () => Migrator(database).MigrateAsync([new(1, "things", "CREATE TABLE radar.things (id bigint)")], default));
        Assert.Contains("0001_things", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Migrate_ScriptRefused_KeepsNothingOfIt()
    {
        var database = await postgres.CreateDatabaseAsync();

        var refused = await Assert.ThrowsAsync<SchemaException>(
            () => Migrator(database).MigrateAsync([new(1, "bad", "CREATE TABLE radar.a (id int); CREATE TABEL radar.b (id int)")], default));
        Assert.Contains("0001_bad", refused.Message, StringComparison.Ordinal);
        Assert.Equal(0, await database.ScalarAsync<long>("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'radar' AND table_name = 'a'"));
    }

    [Fact]
    public void Sha256_LineEndings_DoNotCount() =>
        Assert.Equal(new Migration(1, "a", "SELECT 1;\nSELECT 2;").Sha256, new Migration(1, "a", "SELECT 1;\r\nSELECT 2;").Sha256);

    private static Migrator Migrator(Npgsql.NpgsqlDataSource database) => new(database, NullLogger<Migrator>.Instance);
}
