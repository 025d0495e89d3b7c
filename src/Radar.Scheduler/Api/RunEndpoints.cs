using Radar.Jobs.Engine;
using Radar.Jobs.Runs;
using Radar.Scheduler.Auth;

namespace Radar.Scheduler.Api;

/// <summary>Workflows and their runs.</summary>
internal static class RunEndpoints
{
    public static void MapRuns(this WebApplication application)
    {
        var api = application.MapGroup("/api/v1");
        api.MapGet("/workflows", (IWorkflows workflows) => Results.Ok(workflows.All.Select(workflow => new
        {
            workflow.Name, workflow.Description, workflow.Aliases, cron = workflow.Schedule?.Cron, timeZone = workflow.Schedule?.TimeZone,
        })));
        api.MapPost("/workflows/{name}/runs", TriggerAsync);
        api.MapGet("/runs", async (string? workflow, bool? active, long? before, int? take, IRuns runs, CancellationToken token) =>
            Results.Ok(await runs.ListAsync(workflow, active ?? false, before, Math.Clamp(take ?? 50, 1, 500), token)));
        api.MapGet("/runs/{id:long}", FindAsync);
        api.MapGet("/runs/{id:long}/logs", async (long id, string task, long? after, int? take, IRuns runs, CancellationToken token) =>
            await runs.LogsAsync(id, task, after ?? 0, Math.Clamp(take ?? 500, 1, 5_000), token) is { } lines
                ? Results.Ok(lines)
                : Results.NotFound(new { error = $"Run {id} has no task '{task}'." }));
        api.MapPost("/runs/{id:long}/cancel", CancelAsync);
    }

    private static async Task<IResult> TriggerAsync(
        string name, IWorkflows workflows, Accounts accounts, HttpContext context, CancellationToken cancellationToken)
    {
        var who = context.User.Identity!.Name!;
        var cause = context.User.Identity.AuthenticationType == TokenHandler.Name ? RunCause.Api : RunCause.Manual;
        var result = await workflows.TriggerAsync(name, cause, who, null, cancellationToken);
        await accounts.AuditAsync(who, result.Created ? "run" : "join", $"{name} {result.RunId}", cancellationToken);
        return Results.Ok(result);
    }

    private static async Task<IResult> FindAsync(long id, IRuns runs, IServiceProvider services, CancellationToken cancellationToken)
    {
        if (await runs.FindAsync(id, cancellationToken) is not { } detail)
        {
            return Results.NotFound(new { error = $"There is no run {id}." });
        }
        return Results.Ok(new
        {
            detail.Run, detail.Tasks, why = await runs.WhyNotRunningAsync(id, null, cancellationToken),
            jobs = services.GetService<EngineDashboard>(),
        });
    }

    private static async Task<IResult> CancelAsync(long id, IRuns runs, Accounts accounts, HttpContext context, CancellationToken cancellationToken)
    {
        var who = context.User.Identity!.Name!;
        if (!await runs.CancelAsync(id, who, cancellationToken))
        {
            return Results.NotFound(new { error = $"There is no run {id}, or it has ended already." });
        }
        await accounts.AuditAsync(who, "cancel", $"run {id}", cancellationToken);
        return Results.Ok(new { runId = id });
    }
}
