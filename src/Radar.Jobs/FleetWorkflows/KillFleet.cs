using Microsoft.Extensions.DependencyInjection;
using Radar.Jobs.Fleet;
using Radar.Jobs.Workflows;

namespace Radar.Jobs.FleetWorkflows;

/// <summary>kill-fleet: stop-consumers (and sinks) → stop-producer (all of them) → wait-deleted → clean. It pre-empts start-fleet.</summary>
internal sealed class KillFleet(FleetWorkflowOptions options) : IWorkflowSource
{
    public Workflow Build() => new()
    {
        Name = "kill-fleet",
        Aliases = ["kill_all"],
        Description = "Stops all workers in order, consumers and sinks before producers, waits until they are gone and forgets them.",
        Preempts = ["start-fleet"],
        Tasks =
        [
            Task("stop-consumers", [], (context, token) => StopAsync(context, w => !WorkerKinds.Produces(w.Kind), token)),
            Task("stop-producer", ["stop-consumers"], (context, token) => StopAsync(context, w => WorkerKinds.Produces(w.Kind), token)),
            Task("wait-deleted", ["stop-producer"], WaitDeletedAsync) with { Deadline = options.DeleteDeadline + TimeSpan.FromMinutes(1) },
            Task("clean", ["wait-deleted"], CleanAsync),
        ],
    };

    private static TaskSpec Task(string name, string[] needs, TaskBody body) =>
        new() { Name = name, Needs = needs, Body = body, Queue = Queues.Control };

    private static async Task<object?> StopAsync(TaskContext context, Func<WorkerSnapshot, bool> which, CancellationToken cancellationToken)
    {
        var fleet = context.Services.GetRequiredService<IFleet>();
        var workers = (await fleet.ListAsync(cancellationToken)).Where(which).Select(w => w.Id).ToList();
        foreach (var worker in workers)
        {
            // Only asked, so that all of them stop at the same time.
            await fleet.AskAsync(worker, DesiredState.Delete, context.By, cancellationToken);
        }

        context.Log(workers.Count == 0 ? "None is there." : $"Asked to delete: {string.Join(", ", workers)}");
        return new { asked = workers.Select(w => w.Value) };
    }

    private async Task<object?> WaitDeletedAsync(TaskContext context, CancellationToken cancellationToken)
    {
        var workers = await context.Services.GetRequiredService<IFleet>().ListAsync(cancellationToken);
        await FleetWaits.DeletedAsync(context, [.. workers.Select(w => w.Id)], options.DeleteDeadline, cancellationToken);
        return null;
    }

    private static async Task<object?> CleanAsync(TaskContext context, CancellationToken cancellationToken)
    {
        var cleaned = await context.Services.GetRequiredService<IFleet>().CleanAsync(cancellationToken);
        context.Log($"Forgot {cleaned} worker(s).");
        return new { cleaned };
    }
}
