namespace Radar.Jobs.Hosting;

/// <summary>Whether this process's node works yet: for health pages, and for whoever must wait until the schema is there.</summary>
public sealed class NodeState
{
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when the schema is migrated and the engine takes jobs; faults with the reason if that cannot be.</summary>
    public Task Ready => _ready.Task;

    internal void SetReady() => _ready.TrySetResult();

    internal void SetFailed(Exception error)
    {
        _ready.TrySetException(error);
        _ = _ready.Task.Exception; // Seen: nobody need wait for it.
    }
}
