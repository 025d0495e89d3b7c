using Npgsql;
using Radar.Jobs.Hosting;

namespace Radar.Scheduler.Api;

/// <summary><c>/health</c>: whether database, engine and an agent are there, and how long ago agents and workers were heard.</summary>
internal static class HealthEndpoint
{
    public static void MapHealth(this WebApplication application) => application.MapGet("/health", CheckAsync).AllowAnonymous();

    private static async Task<IResult> CheckAsync(NpgsqlDataSource database, NodeState node, CancellationToken cancellationToken)
    {
        var engine = node.Ready.IsCompletedSuccessfully ? "working" : node.Ready.IsFaulted ? "failed" : "starting";
        string answer;
        List<Heartbeat> agents = [], workers = [];
        try
        {
            agents = await ReadAsync(database, "SELECT name, CASE WHEN until > now() THEN 'alive' ELSE 'gone' END, extract(epoch FROM clock_timestamp() - heartbeat_at)::float8, NULL::float8 FROM radar.agents ORDER BY 1", cancellationToken);
            workers = await ReadAsync(
                database,
                """
                SELECT worker_id, actual, age, CASE WHEN actual = 'running' THEN (figures ->> 'roundAgeSeconds')::float8 + age END
                FROM radar.workers, LATERAL (SELECT extract(epoch FROM clock_timestamp() - heartbeat_at)::float8 AS age) AS heard ORDER BY 1
                """,
                cancellationToken);
            answer = "answers";
        }
        catch (NpgsqlException ex)
        {
            answer = $"does not answer: {ex.Message}";
        }
        var alive = agents.Count(agent => agent.State == "alive");
        var healthy = engine == "working" && answer == "answers" && alive > 0;
        return Results.Json(
            new { status = healthy ? "healthy" : "unhealthy", database = answer, engine, agents = alive, heartbeats = new { agents, workers } },
            statusCode: healthy ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task<List<Heartbeat>> ReadAsync(NpgsqlDataSource database, string sql, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var heartbeats = new List<Heartbeat>();
        while (await reader.ReadAsync(cancellationToken))
        {
            heartbeats.Add(new Heartbeat(reader.GetString(0), reader.GetString(1), Age(reader, 2), Age(reader, 3)));
        }
        return heartbeats;
    }

    private static double? Age(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : Math.Max(0, reader.GetDouble(column));

    /// <summary>When somebody was heard last.</summary>
    /// <param name="Name">The agent or the worker.</param>
    /// <param name="State">Of an agent alive or gone, of a worker its actual state.</param>
    /// <param name="Age">Seconds by PostgreSQL's clock; null where nothing was heard of its process yet.</param>
    /// <param name="WorkAge">
    /// Seconds since its work came round, of a worker that runs and tells it: heartbeats go on beside work that is stuck. Null elsewhere.
    /// </param>
    private sealed record Heartbeat(string Name, string State, double? Age, double? WorkAge);
}
