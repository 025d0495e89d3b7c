namespace Radar.Jobs.Engine;

/// <summary>What an engine calls when a job's time has come.</summary>
public interface IEngineWork
{
    /// <summary>Runs the task, if it is still to be run and nobody else does.</summary>
    /// <param name="payload">Run and task.</param>
    /// <param name="deleted">Signalled when somebody deletes the job in the engine: the task is cancelled. May be signalled when the node stops, too.</param>
    /// <param name="cancellationToken">Signalled when the node stops.</param>
    /// <exception cref="OperationCanceledException">The node stops; another one is to get the job at once.</exception>
    Task<Delivery> RunAsync(TaskPayload payload, CancellationToken deleted, CancellationToken cancellationToken);

    /// <summary>A recurring trigger fired.</summary>
    /// <param name="workflow">The workflow.</param>
    /// <param name="byHand">True when somebody pressed the button in the engine's dashboard.</param>
    /// <param name="cancellationToken">Signalled when the node stops.</param>
    /// <returns>The run that was made, or is at work already; null when there is to be none.</returns>
    Task<long?> FireAsync(string workflow, bool byHand, CancellationToken cancellationToken);
}

/// <summary>What the engine is to do with a job that was delivered.</summary>
public abstract record Delivery
{
    private Delivery()
    {
    }

    /// <summary>The job is finished, and its continuations may run.</summary>
    public static Delivery Finished { get; } = new Done();

    /// <summary>The task failed for good; the job's continuations must not run.</summary>
    public static Delivery FailedFor(string reason) => new Failed(reason);

    /// <summary>The task was cancelled; the job's continuations must not run.</summary>
    public static Delivery Dropped(string reason) => new Gone(reason);

    /// <summary>Deliver it again at this time: a retry, with its reason, or a lease that is still live.</summary>
    public static Delivery AgainAt(DateTimeOffset at, string? reason = null) => new Again(at, reason);

    /// <summary>See <see cref="Finished"/>.</summary>
    public sealed record Done : Delivery;

    /// <summary>See <see cref="FailedFor"/>.</summary>
    public sealed record Failed(string Reason) : Delivery;

    /// <summary>See <see cref="Dropped"/>.</summary>
    public sealed record Gone(string Reason) : Delivery;

    /// <summary>See <see cref="AgainAt"/>.</summary>
    public sealed record Again(DateTimeOffset At, string? Reason) : Delivery;
}
