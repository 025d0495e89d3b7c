using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Radar.Jobs.Fleet;
using Radar.Jobs.Runs;
using Radar.Jobs.Workflows;

namespace Radar.Jobs.FleetWorkflows;

/// <summary>Waits for workers: each wait has a deadline, shows what they are doing, and tells why it ended in vain.</summary>
internal static class FleetWaits
{
    /// <summary>Waits until a worker runs. One that fails, or is asked for something else meanwhile, ends the wait at once.</summary>
    /// <exception cref="TaskFailedException">It will not run, and why.</exception>
    public static async Task RunningAsync(TaskContext context, WorkerId id, TimeSpan deadline, CancellationToken cancellationToken)
    {
        var fleet = context.Services.GetRequiredService<IFleet>();
        var watch = new Watch(context);
        string? hopeless = null;
        await WaitAsync(
            context,
            workers =>
            {
                var worker = workers.FirstOrDefault(w => w.Id == id);
                watch.Show(worker is null ? [] : [worker]);
                hopeless = worker switch
                {
                    null => $"{id} is no longer known: somebody deleted it.",
                    { Actual: WorkerState.Failed } => $"{id} failed: {worker.Error ?? "it told no reason; see its log"}",
                    { Desired: not DesiredState.Start } => $"{id} was asked to {worker.Desired.Word()} by {worker.DesiredBy} meanwhile.",
                    _ => null,
                };
                return hopeless is not null || worker!.Actual == WorkerState.Running;
            },
            workers => Describe(workers.Where(w => w.Id == id)),
            fleet, deadline, cancellationToken);
        if (hopeless is not null)
        {
            throw new TaskFailedException(hopeless);
        }
    }

    /// <summary>Waits until these workers are deleted and their processes are gone; those that are forgotten already count.</summary>
    /// <exception cref="TaskFailedException">The deadline passed, or somebody asked one of them to start again.</exception>
    public static async Task DeletedAsync(
        TaskContext context, IReadOnlyCollection<WorkerId> ids, TimeSpan deadline, CancellationToken cancellationToken)
    {
        var fleet = context.Services.GetRequiredService<IFleet>();
        var watch = new Watch(context);
        string? hopeless = null;
        await WaitAsync(
            context,
            workers =>
            {
                var asked = workers.Where(w => ids.Contains(w.Id)).ToList();
                watch.Show(asked);
                hopeless = asked.Find(w => w.Desired != DesiredState.Delete) is { } again
                    ? $"{again.Id} was asked to {again.Desired.Word()} by {again.DesiredBy} meanwhile."
                    : null;
                return hopeless is not null || asked.TrueForAll(w => w.IsGone);
            },
            workers => Describe(workers.Where(w => ids.Contains(w.Id) && !w.IsGone)),
            fleet, deadline, cancellationToken);
        if (hopeless is not null)
        {
            throw new TaskFailedException(hopeless);
        }
    }

    /// <summary>Workers with their states and what they do, for a message.</summary>
    public static string Describe(IEnumerable<WorkerSnapshot> workers) => string.Join("; ", workers.Select(w =>
        $"{w.Id} is {w.Actual.Word()} (asked: {w.Desired.Word()}{(w.Activity is null ? "" : $", {w.Activity}")}{Lingering(w)}{(w.Error is null ? "" : $", {w.Error}")})"));

    private static string Lingering(WorkerSnapshot worker) =>
        worker.Actual == WorkerState.Deleted && !worker.IsGone ? $", its process {worker.Pid} is still there" : "";

    private static async Task WaitAsync(
        TaskContext context,
        Func<IReadOnlyList<WorkerSnapshot>, bool> condition,
        Func<IReadOnlyList<WorkerSnapshot>, string> describe,
        IFleet fleet,
        TimeSpan deadline,
        CancellationToken cancellationToken)
    {
        try
        {
            await fleet.WaitAsync(condition, describe, deadline, cancellationToken);
        }
        catch (TimeoutException late)
        {
            throw new TaskFailedException(late.Message + await AgentHintAsync(context, cancellationToken), late);
        }
    }

    private static async Task<string> AgentHintAsync(TaskContext context, CancellationToken cancellationToken)
    {
        if (context.Services.GetService<NpgsqlDataSource>() is not { } database)
        {
            return "";
        }

        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var agents = await connection.QueryAsync(
            "SELECT name FROM radar.agents WHERE until > now() ORDER BY name", [], r => r.GetString(0), cancellationToken);
        return agents.Count == 0
            ? " No agent is alive that could start or stop workers: start one (radar-worker agent)."
            : $" Agents alive: {string.Join(", ", agents)}.";
    }

    /// <summary>Tells the task's log what changed, and its page what the workers are doing.</summary>
    private sealed class Watch(TaskContext context)
    {
        private readonly Dictionary<WorkerId, WorkerState> _told = [];

        public void Show(List<WorkerSnapshot> workers)
        {
            foreach (var worker in workers.Where(w => !_told.TryGetValue(w.Id, out var told) || told != w.Actual))
            {
                _told[worker.Id] = worker.Actual;
                context.Log($"{worker.Id} is {worker.Actual.Word()}{(worker.Error is null ? "" : $": {worker.Error}")}");
            }

            var open = workers.Where(w => w.Activity is not null || workers.Count > 1).Take(3).ToList();
            context.Report(null, open.Count == 0 ? "" : string.Join("; ", open.Select(w => $"{w.Id} {w.Actual.Word()} {w.Activity}".TrimEnd())));
        }
    }
}
