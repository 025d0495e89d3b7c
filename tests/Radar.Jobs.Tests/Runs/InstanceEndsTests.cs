using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Radar.Jobs.Runs;
using Radar.Jobs.Schema;
using Radar.Testing;

namespace Radar.Jobs.Tests.Runs;

/// <summary>Instances that end beside each other.</summary>
public sealed class InstanceEndsTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task End_WhileOthersAreWritten_IsWrittenWithThemAndOnlyForItsToken()
    {
        var run = await Run.CreateAsync(postgres, running: 4);
        var ends = new InstanceEnds(run.Database);
        var ended = await run.TogetherAsync(ends, (run.Claims[0], "1"), (run.Claims[1], null), (run.Claims[2] with { Token = Guid.NewGuid() }, "3"), (run.Claims[3], "4"));
        Assert.Equal([true, true, false, true], ended);
        Assert.Equal("1;-;4", await run.Database.ScalarAsync<string>(
            "SELECT string_agg(coalesce(result::text, '-'), ';' ORDER BY task_id) FROM radar.task_runs WHERE state = 'succeeded'"));
        Assert.Equal(3, await run.Database.ScalarAsync<long>("SELECT count(*) FROM radar.task_attempts WHERE outcome = 'succeeded'"));
    }

    [Fact]
    public async Task End_ThatCannotBeWritten_TakesNoOtherWithIt()
    {
        var run = await Run.CreateAsync(postgres, running: 3);
        var ends = new InstanceEnds(run.Database);
        var ended = await run.TogetherAsync(ends, (run.Claims[0], null), (run.Claims[1], "{"), (run.Claims[2], null));
        Assert.Equal([true, false, false], ended); // Each of those two is to be ended by itself.
        Assert.False(await ends.TryEndAsync(run.Claims[1], "{", default));
        Assert.True(await ends.TryEndAsync(run.Claims[2], null, default));
    }

    [Fact]
    public async Task End_OfTheLastOne_OrOneThatIsWaitedForAlone_IsNotForHere()
    {
        var run = await Run.CreateAsync(postgres, running: 2);
        var ends = new InstanceEnds(run.Database);
        await run.Database.ExecuteAsync("UPDATE radar.task_runs SET state = 'pending', needs = '{item[0]}' WHERE task = 'other'");
        Assert.False(await ends.TryEndAsync(run.Claims[0], null, default));
        Assert.True(await ends.TryEndAsync(run.Claims[1], null, default));
        await run.Database.ExecuteAsync("UPDATE radar.task_runs SET needs = '{}', template = 'another' WHERE task = 'other'");
        Assert.False(await ends.TryEndAsync(run.Claims[0], null, default));
    }

    /// <summary>A run of a fan-out some of whose instances are at work, while another has not begun.</summary>
    private sealed class Run(NpgsqlDataSource database, long id, IReadOnlyList<Claim> claims)
    {
        public NpgsqlDataSource Database => database;

        public IReadOnlyList<Claim> Claims => claims;

        public static async Task<Run> CreateAsync(PostgresFixture postgres, int running)
        {
            var database = await postgres.CreateDatabaseAsync();
            await new Migrator(database, NullLogger<Migrator>.Instance).MigrateAsync(default);
            var run = await database.ScalarAsync<long>(
                "INSERT INTO radar.workflow_runs (workflow, cause, requested_by, state) VALUES ('spread', 'manual', 'a test', 'running') RETURNING run_id");
            var claims = new List<Claim>();
            for (var i = 0; i < running; i++)
            {
                var token = Guid.NewGuid();
                var task = await database.ScalarAsync<long>($"""
                    INSERT INTO radar.task_runs (run_id, task, template, instance, ordinal, runs_when, queue, state, attempt, token, lease_until)
                    VALUES ({run}, 'item[{i}]', 'item', '{i}', 0, 'succeeded', 'default', 'running', 1, '{token}', now() + interval '1 hour') RETURNING task_id
                    """);
                await database.ExecuteAsync($"INSERT INTO radar.task_attempts (task_id, attempt, node, token) VALUES ({task}, 1, 'here', '{token}')");
                claims.Add(new Claim(token, run, task, "spread", $"item[{i}]", "item", $"{i}", 1, 0, new Dictionary<string, string>()));
            }

            await database.ExecuteAsync(
                $"INSERT INTO radar.task_runs (run_id, task, template, instance, ordinal, runs_when, queue, state) VALUES ({run}, 'other', 'item', 'x', 0, 'succeeded', 'default', 'ready')");
            return new(database, run, claims);
        }

        /// <summary>The first of them is being written, and waits for somebody who has the run for himself, when the others are asked to end.</summary>
        public async Task<bool[]> TogetherAsync(InstanceEnds ends, params (Claim Claim, string? Result)[] asked)
        {
            await using var connection = await database.OpenConnectionAsync();
            Task<bool>[] ending;
            await using (var transaction = await connection.BeginTransactionAsync())
            {
                await RunBook.LockAsync(connection, id, default);
                ending = [.. asked.Select(one => ends.TryEndAsync(one.Claim, one.Result, default))];
                await Eventually.TrueAsync(async () => await database.ScalarAsync<long>("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") == 1, "the first one");
            }

            return await Task.WhenAll(ending);
        }
    }
}
