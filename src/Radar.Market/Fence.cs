namespace Radar.Market;

/// <summary>
/// Proof that its holder may still write: a row of <c>radar.leases</c> with this name and epoch. Every fenced transaction runs
/// <see cref="Sql"/> first and gives up when it returns no row: somebody newer holds the lease.
/// </summary>
/// <param name="Lease">Name of the lease, for a worker its id.</param>
/// <param name="Epoch">Epoch under which the lease was taken.</param>
public readonly record struct Fence(string Lease, long Epoch)
{
    /// <summary>
    /// Takes a key-share lock: a renewal (which leaves the key alone) passes beside it, a takeover (which raises the epoch, part of a
    /// unique key) waits until the writer's transaction ends.
    /// </summary>
    public const string Sql = "SELECT 1 FROM radar.leases WHERE name = $1 AND epoch = $2 FOR KEY SHARE";
}

/// <summary>The lease was taken by a newer epoch: nothing was written, and the process must end.</summary>
public sealed class FencedException(Fence fence)
    : Exception($"Lease '{fence.Lease}' is no longer held under epoch {fence.Epoch}: a newer process has taken over. Nothing was written.")
{
    /// <summary>The fence that was refused.</summary>
    public Fence Fence { get; } = fence;
}
