using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Radar.Jobs.Engine;
using Radar.Jobs.Hosting;
using Radar.Jobs.Workflows;

namespace Radar.Jobs.Runs;

/// <summary>
/// The body of every job: claims an attempt, runs it, ends it. The engine may deliver twice, late, or to two nodes at once; the claim
/// and the token see to it that a task completes once.
/// </summary>
internal sealed partial class TaskRunner(
    WorkflowCatalog catalog,
    TaskClaims claims,
    RunStarter starter,
    LeaseKeeper leases,
    TaskLogs logs,
    IServiceScopeFactory scopes,
    JobsOptions options,
    TimeProvider time,
    ILogger<TaskRunner> logger) : IEngineWork
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public async Task<Delivery> RunAsync(TaskPayload payload, CancellationToken deleted, CancellationToken cancellationToken)
    {
        var token = Guid.NewGuid();
        var (claim, instead) = await PatientlyAsync(() => claims.TryClaimAsync(payload, token, cancellationToken), cancellationToken);
        if (claim is null)
        {
            return instead!;
        }

        using var scope = logger.BeginScope(new Dictionary<string, object>
        {
            ["run"] = claim.RunId, ["task"] = claim.Task, ["attempt"] = claim.Attempt, ["workflow"] = claim.Workflow,
        });
        using var held = leases.Hold(claim);
        LogStarted(claim.Workflow, claim.RunId, claim.Task, claim.Attempt);
        var ending = await EndingAsync(claim, held, deleted, cancellationToken);
        if (ending is null)
        {
            return Delivery.Finished; // Lost: whoever holds the lease now delivers the rest.
        }

        if (ending is Ending.Failed failed)
        {
            logs.Line(claim, "error", failed.Reason);
        }

        // A stopping node still writes how its tasks ended, but not for ever: the lease covers what it cannot write.
        using var grace = new CancellationTokenSource();
        using var stopping = cancellationToken.Register(() => grace.CancelAfter(options.StopGrace));
        Delivery? delivery;
        try
        {
            delivery = await EndAsync(claim, held, ending, grace.Token);
        }
#pragma warning disable CA1031 // Whatever it is, it would be so at the next attempt too: better a failure that says so than a node that seems lost.
        catch (Exception error) when (ending is Ending.Succeeded or Ending.Failed && !grace.IsCancellationRequested)
#pragma warning restore CA1031
        {
            LogUnwritable(error, claim.RunId, claim.Task, claim.Attempt);
            var unwritten = new Ending.Failed($"How it ended could not be written: {error.Message}", Final: true, Counts: true);
            logs.Line(claim, "error", unwritten.Reason);
            ending = unwritten;
            delivery = await EndAsync(claim, held, ending, grace.Token);
        }

        LogEnded(claim.Workflow, claim.RunId, claim.Task, claim.Attempt, delivery is null ? "too late, nothing changed" : Describe(ending));
        if (ending is Ending.Released && delivery is not null)
        {
            throw new OperationCanceledException("The node stops.", cancellationToken);
        }

        return delivery ?? Delivery.Finished;
    }

    public async Task<long?> FireAsync(string workflow, bool byHand, CancellationToken cancellationToken)
    {
        if (catalog.Find(workflow) is not { } known)
        {
            LogUnknownFire(workflow);
            return null;
        }

        if (byHand || known.Schedule is not { } schedule)
        {
            return (await PatientlyAsync(
                () => starter.TriggerAsync(workflow, RunCause.Manual, "the engine's dashboard", null, cancellationToken), cancellationToken)).RunId;
        }

        // Which fire this is, is ours to say: engines differ in what they tell about late ones.
        var now = time.GetUtcNow().AddSeconds(1);
        if (Cron.Parse(schedule.Cron).LastAt(now, TimeZoneInfo.FindSystemTimeZoneById(schedule.TimeZone)) is not { } planned)
        {
            return null;
        }

        if (schedule.MissedFires == MissedFires.Skip && now - planned > TimeSpan.FromMinutes(1))
        {
            LogMissed(workflow, planned);
            return null;
        }

        return (await PatientlyAsync(() => starter.TriggerPlannedAsync(workflow, planned, cancellationToken), cancellationToken)).RunId;
    }

    private Task<Delivery?> EndAsync(Claim claim, LeaseKeeper.Held held, Ending ending, CancellationToken cancellationToken) => PatientlyAsync(
        async () =>
        {
            await logs.FlushAsync(cancellationToken);
            held.Ending = true;
            return await claims.EndAsync(claim, ending, cancellationToken);
        },
        cancellationToken);

    private async Task<Ending?> EndingAsync(Claim claim, LeaseKeeper.Held held, CancellationToken deleted, CancellationToken nodeStops)
    {
        if (catalog.Find(claim.Workflow)?.Tasks.FirstOrDefault(t => t.Name == claim.Template) is not { } spec)
        {
            return new Ending.Failed(
                $"This build's workflow '{claim.Workflow}' has no task '{claim.Template}': the run was made by another version.", Final: true, Counts: true);
        }

        using var deadline = new CancellationTokenSource(spec.Deadline, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource([held.Stop, nodeStops, deleted, deadline.Token]);
        try
        {
            await using var services = scopes.CreateAsyncScope();
            var context = new RunningTask(claim, logs, claims, services.ServiceProvider);
            var body = BodyAsync(spec, claim, context, stop.Token);
            return await WithGraceAsync(body, stop.Token);
        }
#pragma warning disable CA1031 // Whatever a body throws is how its attempt ended; the node goes on.
        catch (Exception error)
#pragma warning restore CA1031
        {
            return held.Lost ? null
                : held.Cancelled ? new Ending.Cancelled("the run was cancelled")
                : nodeStops.IsCancellationRequested ? new Ending.Released()
                : deleted.IsCancellationRequested ? new Ending.Cancelled("its job was deleted in the engine's own pages")
                : deadline.IsCancellationRequested
                    ? new Ending.Failed($"passed its deadline of {spec.Deadline:c}: {error.Message}", Final: false, Counts: true)
                : error.IsDatabaseAway() ? new Ending.Failed($"PostgreSQL was away: {error.Message}", Final: false, Counts: false)
                : Failed(claim, error);
        }
    }

    private static async Task<Ending> BodyAsync(TaskSpec spec, Claim claim, RunningTask context, CancellationToken cancellationToken)
    {
        await Task.Yield(); // A body that blocks must not block its caller's waiting.
        if (spec.Instances is { } find && claim.Instance is null)
        {
            var instances = (await find(context, cancellationToken)).Distinct().ToList();
            return new Ending.Succeeded(JsonSerializer.Serialize(instances, Json), instances);
        }

        var result = await spec.Body(context, cancellationToken);
        return new Ending.Succeeded(result is null ? null : JsonSerializer.Serialize(result, result.GetType(), Json), null);
    }

    /// <summary>A body that does not stop when it is told to is left alone after a while: its token no longer opens anything.</summary>
    private async Task<Ending> WithGraceAsync(Task<Ending> body, CancellationToken stop)
    {
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using (stop.Register(told.SetResult))
        {
            await Task.WhenAny(body, told.Task);
        }

        return body.IsCompleted ? await body : await body.WaitAsync(options.StopGrace, time, CancellationToken.None);
    }

    private Ending.Failed Failed(Claim claim, Exception error)
    {
        if (error is not TaskFailedException)
        {
            LogThrew(error, claim.RunId, claim.Task, claim.Attempt);
        }

        return new(error is TaskFailedException or TimeoutException ? error.Message : $"{error.GetType().Name}: {error.Message}",
            Final: error is TaskFailedException, Counts: true);
    }

    private async Task<T> PatientlyAsync<T>(Func<Task<T>> work, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await work();
            }
            catch (Exception error) when (error.IsDatabaseAway() && !cancellationToken.IsCancellationRequested)
            {
                LogWaiting(error.Message);
                await Task.Delay(TimeSpan.FromSeconds(1), time, cancellationToken);
            }
        }
    }

    private static string Describe(Ending ending) => ending switch
    {
        Ending.Succeeded => "succeeded",
        Ending.Cancelled => "cancelled",
        Ending.Released => "released, its node stops",
        Ending.Failed failed => $"failed: {failed.Reason}",
        _ => throw new System.Diagnostics.UnreachableException(),
    };
}
