using Microsoft.Extensions.DependencyInjection;
using Radar.Jobs.Fleet;
using Radar.Jobs.Workflows;
using Radar.Market.Models;

namespace Radar.Jobs.FleetWorkflows;

/// <summary>
/// start-fleet: retire-stale → pull-datasets → start-producer → wait-producer → start-consumer[each] → wait-consumer[each] → fleet-running,
/// and beside it, where trades and order books are captured: retire-stale → start-capture[each] → wait-capture[each] → fleet-running.
/// </summary>
internal sealed class StartFleet(FleetWorkflowOptions options) : IWorkflowSource
{
    // A task's own deadline only guards against a wait that does not end by itself.
    private static readonly TimeSpan Slack = TimeSpan.FromMinutes(1);

    public Workflow Build() => new()
    {
        Name = "start-fleet",
        Aliases = ["consumer_start"],
        Description = "Starts the candle producer, then one prediction consumer for every crypto, model and version of the model store; with market capture its producers and sinks too.",
        Tasks =
        [
            Task("retire-stale", [], RetireStaleAsync) with { Deadline = options.DeleteDeadline + Slack },
            Task("pull-datasets", ["retire-stale"], PullDatasetsAsync) with { Queue = Queues.Batch, Deadline = TimeSpan.FromHours(2) },
            Task("start-producer", ["pull-datasets"], StartProducerAsync),
            Task("wait-producer", ["start-producer"], WaitProducerAsync) with { Deadline = options.ProducerDeadline + Slack },
            Task("start-consumer", ["wait-producer"], StartConsumerAsync) with { Instances = ConsumersAsync },
            Task("wait-consumer", [], WaitConsumerAsync) with { ForEach = "start-consumer", Deadline = options.ConsumerDeadline + Slack },
            Task("start-capture", ["retire-stale"], StartCaptureAsync) with { Instances = CaptureAsync },
            Task("wait-capture", [], WaitCaptureAsync) with { ForEach = "start-capture", Deadline = options.CaptureDeadline + Slack },
            Task("fleet-running", ["wait-consumer", "wait-capture"], FleetRunningAsync),
        ],
    };

    private static TaskSpec Task(string name, string[] needs, TaskBody body) =>
        new() { Name = name, Needs = needs, Body = body, Queue = Queues.Control };

    private async Task<object?> RetireStaleAsync(TaskContext context, CancellationToken cancellationToken)
    {
        var fleet = context.Services.GetRequiredService<IFleet>();
        var capture = await context.Services.GetRequiredService<CaptureCrew>().WantedAsync(cancellationToken);
        var wanted = Models(context).Select(m => WorkerId.Consumer(m.Crypto, m.Model, m.Version)).Append(WorkerId.Producer).Concat(capture.Select(c => c.Id)).ToHashSet();
        var stale = (await fleet.ListAsync(cancellationToken))
            .Where(w => !wanted.Contains(w.Id) || w.Desired == DesiredState.Delete)
            .ToList();
        if (stale.Count == 0)
        {
            context.Log("No worker is stale.");
            return new { retired = Array.Empty<string>() };
        }

        foreach (var worker in stale)
        {
            context.Log(wanted.Contains(worker.Id)
                ? $"{worker.Id} is asked to delete already (by {worker.DesiredBy}) and is {worker.Actual.Word()}: waiting until it is gone."
                : worker.Kind == WorkerKinds.PredictionConsumer
                    ? $"{worker.Id} has no model in the store any more: asking it to delete."
                    : $"{worker.Id} is not asked for any more: asking it to delete.");
            await fleet.AskAsync(worker.Id, DesiredState.Delete, context.By, cancellationToken);
        }

        var ids = stale.Select(w => w.Id).ToList();
        await FleetWaits.DeletedAsync(context, ids, options.DeleteDeadline, cancellationToken);
        await fleet.CleanAsync(cancellationToken);
        return new { retired = ids.Select(i => i.Value) };
    }

    private async Task<object?> PullDatasetsAsync(TaskContext context, CancellationToken cancellationToken)
    {
        if (options.Datasets is not { } folder)
        {
            context.Log("Skipped: Radar:Datasets:Directory is not set.");
            return new { skipped = true };
        }

        return await DatasetPull.RunAsync(context, folder, options.Symbols, Models(context), cancellationToken);
    }

    private static async Task<object?> StartProducerAsync(TaskContext context, CancellationToken cancellationToken)
    {
        await context.Services.GetRequiredService<IFleet>().StartAsync(
            new(WorkerId.Producer, WorkerKinds.CandleProducer, new Dictionary<string, string>()), context.By, cancellationToken);
        context.Log($"Asked {WorkerId.Producer} to start.");
        return null;
    }

    private async Task<object?> WaitProducerAsync(TaskContext context, CancellationToken cancellationToken)
    {
        await FleetWaits.RunningAsync(context, WorkerId.Producer, options.ProducerDeadline, cancellationToken);
        return null;
    }

    private Task<IReadOnlyList<string>> ConsumersAsync(TaskContext context, CancellationToken cancellationToken)
    {
        var models = Models(context);
        if (models.Count == 0)
        {
            context.Warn($"The model store '{Path.GetFullPath(options.Models)}' has no model for {string.Join(", ", options.Symbols)}: no consumer is started.");
        }

        context.Log($"{models.Count} consumer(s): {string.Join(", ", models)}");
        return System.Threading.Tasks.Task.FromResult<IReadOnlyList<string>>([.. models.Select(m => m.ToString())]);
    }

    private static async Task<object?> StartConsumerAsync(TaskContext context, CancellationToken cancellationToken)
    {
        await context.Services.GetRequiredService<IFleet>().StartAsync(
            new(new(context.Instance!), WorkerKinds.PredictionConsumer, new Dictionary<string, string>()), context.By, cancellationToken);
        context.Log($"Asked {context.Instance} to start.");
        return null;
    }

    private async Task<object?> WaitConsumerAsync(TaskContext context, CancellationToken cancellationToken)
    {
        await FleetWaits.RunningAsync(context, new(context.Instance!), options.ConsumerDeadline, cancellationToken);
        return null;
    }

    private static async Task<IReadOnlyList<string>> CaptureAsync(TaskContext context, CancellationToken cancellationToken)
    {
        var crew = context.Services.GetRequiredService<CaptureCrew>();
        var wanted = await crew.WantedAsync(cancellationToken);
        if (wanted.Count == 0)
        {
            context.Log("Skipped: trades and order books are not captured (Radar:Capture:Enabled).");
            return [];
        }

        context.Log($"{wanted.Count} worker(s): {string.Join(", ", wanted.Select(w => w.Id))}");
        foreach (var sinks in wanted.GroupBy(w => w.Kind).Where(kind => CaptureCrew.Scalable.Contains(kind.Key)))
        {
            if (await crew.SharesAsync(sinks.Key, sinks.Count(), cancellationToken) is { Length: > 0 } shares)
            {
                context.Log(shares);
            }
        }

        return [.. wanted.Select(w => w.Id.Value)];
    }

    private static async Task<object?> StartCaptureAsync(TaskContext context, CancellationToken cancellationToken)
    {
        // Its kind is its name, without a sink's number.
        var id = new WorkerId(context.Instance!);
        await context.Services.GetRequiredService<IFleet>().StartAsync(new(id, id.Value.Split('/')[0], new Dictionary<string, string>()), context.By, cancellationToken);
        context.Log($"Asked {id} to start.");
        return null;
    }

    private async Task<object?> WaitCaptureAsync(TaskContext context, CancellationToken cancellationToken)
    {
        await FleetWaits.RunningAsync(context, new(context.Instance!), options.CaptureDeadline, cancellationToken);
        return null;
    }

    private static async Task<object?> FleetRunningAsync(TaskContext context, CancellationToken cancellationToken)
    {
        var workers = await context.Services.GetRequiredService<IFleet>().ListAsync(cancellationToken);
        var running = workers.Where(w => w.Actual == WorkerState.Running).Select(w => w.Id.Value).ToList();
        context.Log($"{running.Count} of {workers.Count} workers run: {string.Join(", ", running)}");
        return new { running };
    }

    /// <summary>Models of the store whose crypto is captured.</summary>
    private List<ModelId> Models(TaskContext context)
    {
        try
        {
            var all = ModelStore.Discover(options.Models).Select(m => m.Id).ToList();
            foreach (var other in all.Select(m => m.Crypto).Distinct().Except(options.Symbols))
            {
                context.Warn($"The model store has models for {other}, which is not captured: add it to Radar:Market:Symbols to use them.");
            }

            return [.. all.Where(m => options.Symbols.Contains(m.Crypto))];
        }
        catch (DirectoryNotFoundException missing)
        {
            throw new TaskFailedException(missing.Message, missing);
        }
    }
}
