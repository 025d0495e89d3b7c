using Radar.Market;

namespace Radar.Workers.Hosting;

/// <summary>
/// The lease as its holder knows it, by the monotonic clock: renewed for as long as it lasts, counted from before the renewal was sent, so that
/// PostgreSQL's clock never ends it earlier than this. A process that was stopped and continued finds it ended, and asks before it writes.
/// </summary>
internal sealed class WorkerLease(Fence fence, LeaseOptions options, TimeProvider time) : IDisposable
{
    private readonly CancellationTokenSource _lost = new();
    private readonly Lock _gate = new();
    private TaskCompletionSource _renewed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _asOf = time.GetTimestamp();
    private long _askedAsOf = -1;

    /// <summary>What every transaction proves first.</summary>
    public Fence Fence => fence;

    /// <summary>Signalled when a newer epoch exists.</summary>
    public CancellationToken Lost => _lost.Token;

    /// <summary>Whether writing is allowed right now.</summary>
    public bool IsHeld => !_lost.IsCancellationRequested && time.GetElapsedTime(Interlocked.Read(ref _asOf)) < options.Lasts;

    /// <summary>Returns at once while the lease is held; otherwise waits until it is renewed.</summary>
    /// <exception cref="FencedException">A newer epoch exists.</exception>
    public async ValueTask EnsureHeldAsync(CancellationToken cancellationToken)
    {
        while (!IsHeld)
        {
            if (_lost.IsCancellationRequested)
            {
                throw new FencedException(fence);
            }
            Task renewed;
            lock (_gate)
            {
                renewed = _renewed.Task;
            }
            if (!IsHeld)
            {
                await renewed.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>
    /// For writes that harm nobody should a newer process make them too: as <see cref="EnsureHeldAsync"/>, but once an ended lease was neither renewed nor
    /// lost for so long, since PostgreSQL is away, they go on without.
    /// </summary>
    /// <exception cref="FencedException">A newer epoch exists.</exception>
    public async ValueTask AskAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        var asOf = Interlocked.Read(ref _asOf);
        if (IsHeld || (asOf == Interlocked.Read(ref _askedAsOf) && !_lost.IsCancellationRequested))
        {
            return;
        }
        using var deadline = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            await EnsureHeldAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            Interlocked.Exchange(ref _askedAsOf, asOf);
        }
    }

    /// <summary>It was renewed; <paramref name="asOf"/> is the monotonic time before the renewal was sent.</summary>
    public void Renewed(long asOf)
    {
        Interlocked.Exchange(ref _asOf, asOf);
        Signal();
    }

    /// <summary>A newer epoch exists.</summary>
    public void Lose()
    {
        _lost.Cancel();
        Signal();
    }

    public void Dispose() => _lost.Dispose();

    private void Signal()
    {
        TaskCompletionSource renewed;
        lock (_gate)
        {
            (renewed, _renewed) = (_renewed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }
        renewed.TrySetResult();
    }
}
