using Npgsql;
using Radar.Market.Candles;
using Radar.Market.Predictions;
using Radar.Testing;

namespace Radar.Market.Tests;

/// <summary>A fresh database with Radar's schema and one coin's table.</summary>
internal sealed record MarketDatabase(NpgsqlDataSource Source, CandleTable Table, PredictionStore Store)
{
    public static async Task<MarketDatabase> CreateAsync(PostgresFixture postgres, string symbol = "BTCUSDT")
    {
        var source = await postgres.CreateDatabaseAsync();
        var database = new MarketDatabase(source, new CandleTable(source, symbol), null!);
        database = database with { Store = new PredictionStore(database.Table) };
        await database.ExecuteAsync("CREATE SCHEMA radar;" + await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "foundation.sql")));
        await database.Table.EnsureAsync(default);
        return database;
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var command = Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public async Task<T> ScalarAsync<T>(string sql)
    {
        await using var command = Source.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public async Task<IReadOnlyList<Candle>> AllCandlesAsync()
    {
        var candles = new List<Candle>();
        await foreach (var block in Table.ReadAsync(TimeRange.All))
        {
            candles.AddRange(block);
        }
        return candles;
    }

    public async Task<Fence> TakeLeaseAsync(string name, long epoch)
    {
        await ExecuteAsync($"""
            INSERT INTO radar.leases (name, epoch, holder, until) VALUES ('{name}', {epoch}, 'test', now() + interval '1 hour')
            ON CONFLICT (name) DO UPDATE SET epoch = excluded.epoch
            """);
        return new Fence(name, epoch);
    }
}

/// <summary>Tests that share one server.</summary>
[CollectionDefinition(Name)]
public sealed class PostgresTests : ICollectionFixture<PostgresFixture>
{
    public const string Name = "PostgreSQL";
}
