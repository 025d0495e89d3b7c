using Npgsql;
using Radar.Jobs.Hosting;

namespace Radar.Scheduler.Api;

/// <summary><c>/health</c>: whether database, engine and an agent are there.</summary>
internal static class HealthEndpoint
{
    public static void MapHealth(this WebApplication application) => application.MapGet("/health", CheckAsync).AllowAnonymous();

    private static async Task<IResult> CheckAsync(NpgsqlDataSource database, NodeState node, CancellationToken cancellationToken)
    {
        var engine = node.Ready.IsCompletedSuccessfully ? "working" : node.Ready.IsFaulted ? "failed" : "starting";
        string answer;
        long agents = 0;
        try
        {
            await using var command = database.CreateCommand("SELECT count(*) FROM radar.agents WHERE until > now()");
            agents = (long)(await command.ExecuteScalarAsync(cancellationToken))!;
            answer = "answers";
        }
        catch (NpgsqlException ex)
        {
            answer = $"does not answer: {ex.Message}";
        }
        var healthy = engine == "working" && answer == "answers" && agents > 0;
        return Results.Json(
            new { status = healthy ? "healthy" : "unhealthy", database = answer, engine, agents },
            statusCode: healthy ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }
}
