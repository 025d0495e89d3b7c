using Npgsql;
using Radar.Jobs.Fleet;
using Radar.Jobs.FleetWorkflows;
using Radar.Jobs.Workflows;
using Radar.Scheduler.Auth;

namespace Radar.Scheduler.Api;

/// <summary>The fleet: what is asked of workers, what is true of them, what they said.</summary>
internal static class FleetEndpoints
{
    private const int MostLines = 2_000;

    public static void MapFleet(this WebApplication application)
    {
        var api = application.MapGroup("/api/v1");
        api.MapGet("/fleet", async (IFleet fleet, TimeProvider time, CancellationToken token) =>
            Results.Ok((await fleet.ListAsync(token)).Select(worker => WorkerView.Of(worker, time.GetUtcNow()))));
        api.MapPost("/fleet/desired", AskAsync);
        api.MapPost("/fleet/scale", ScaleAsync);
        api.MapGet("/workers/events", EventsAsync);
        api.MapGet("/workers/log", LogAsync);
    }

    private static async Task<IResult> AskAsync(
        Desire desire, IFleet fleet, Accounts accounts, HttpContext context, CancellationToken cancellationToken)
    {
        if (!Enum.TryParse<DesiredState>(desire.Desired, ignoreCase: true, out var desired) || !Enum.IsDefined(desired))
        {
            return Results.BadRequest(new { error = $"'{desire.Desired}' is no desired state: use start, pause or delete." });
        }
        var who = context.User.Identity!.Name!;
        if (!await fleet.AskAsync(new WorkerId(desire.Worker), desired, who, cancellationToken))
        {
            return await UnknownAsync(desire.Worker, fleet, cancellationToken);
        }
        await accounts.AuditAsync(who, desire.Desired, desire.Worker, cancellationToken);
        return Results.Ok(new { worker = desire.Worker, desired });
    }

    private static async Task<IResult> ScaleAsync(Scale scale, CaptureCrew crew, Accounts accounts, HttpContext context, CancellationToken cancellationToken)
    {
        var who = context.User.Identity!.Name!;
        try
        {
            var follows = await crew.ScaleAsync(scale.Kind ?? "", scale.Count, who, cancellationToken);
            await accounts.AuditAsync(who, $"scale to {scale.Count}", scale.Kind!, cancellationToken);
            return Results.Ok(new { kind = scale.Kind, count = scale.Count, follows });
        }
        catch (ArgumentException wrong)
        {
            return Results.BadRequest(new { error = wrong.Message });
        }
    }

    private static async Task<IResult> EventsAsync(string worker, NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            "SELECT id, at, epoch, event, message FROM radar.worker_events WHERE worker_id = $1 ORDER BY id DESC LIMIT 200");
        command.Parameters.AddWithValue(worker);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var events = new List<object>();
        while (await reader.ReadAsync(cancellationToken))
        {
            events.Add(new
            {
                id = reader.GetInt64(0), at = reader.GetDateTime(1), epoch = reader.GetInt64(2), name = reader.GetString(3), message = reader.GetString(4),
            });
        }
        return Results.Ok(events);
    }

    private static async Task<IResult> LogAsync(
        string worker, int? tail, IFleet fleet, IConfiguration configuration, CancellationToken cancellationToken)
    {
        // Only a known worker's name becomes a path.
        if (await fleet.FindAsync(new WorkerId(worker), cancellationToken) is null)
        {
            return await UnknownAsync(worker, fleet, cancellationToken);
        }
        var path = WorkerLogs.Path(configuration["Radar:Logs:Directory"] ?? "logs", new WorkerId(worker));
        return Results.Ok(new { path, lines = await WorkerLogs.TailAsync(path, Math.Clamp(tail ?? 200, 1, MostLines), cancellationToken) });
    }

    private static async Task<IResult> UnknownAsync(string worker, IFleet fleet, CancellationToken cancellationToken)
    {
        var known = (await fleet.ListAsync(cancellationToken)).Select(w => w.Id.Value).ToList();
        return Results.NotFound(new
        {
            error = $"There is no worker '{worker}'.{Nearest.Suggest(worker, known)} Known: {(known.Count == 0 ? "none; start-fleet makes them" : string.Join(", ", known))}.",
        });
    }

    /// <summary>How many workers of a kind are asked for.</summary>
    internal sealed record Scale(string? Kind, int Count);

    /// <summary>What is asked of a worker.</summary>
    internal sealed record Desire(string Worker, string Desired);
}
