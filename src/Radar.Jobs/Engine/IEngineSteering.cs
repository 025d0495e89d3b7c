namespace Radar.Jobs.Engine;

/// <summary>What people do to a job in the engine's own pages, done to its task.</summary>
public interface IEngineSteering
{
    /// <summary>A waiting job was deleted: its task, if this is still its job, is cancelled.</summary>
    Task DeletedAsync(TaskPayload payload, string jobId, CancellationToken cancellationToken);

    /// <summary>A job was put into its queue again: a task that rests or has ended, is to be tried once more.</summary>
    Task RequeuedAsync(TaskPayload payload, string jobId, CancellationToken cancellationToken);
}
