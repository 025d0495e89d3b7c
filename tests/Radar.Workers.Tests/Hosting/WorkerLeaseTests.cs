using Radar.Market;
using Radar.Workers.Hosting;

namespace Radar.Workers.Tests.Hosting;

public sealed class WorkerLeaseTests
{
    private static readonly Fence Fence = new("BTCUSDT/tst/v1", 3);
    private readonly ManualTime _time = new();

    [Fact]
    public async Task EnsureHeld_StoppedLongerThanTheLease_WaitsForARenewal()
    {
        using var lease = new WorkerLease(Fence, new LeaseOptions(), _time);
        await lease.EnsureHeldAsync(CancellationToken.None);
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.False(lease.IsHeld);
        var wait = lease.EnsureHeldAsync(CancellationToken.None).AsTask();
        Assert.False(wait.IsCompleted);
        lease.Renewed(_time.GetTimestamp());
        await wait;
    }

    [Fact]
    public async Task EnsureHeld_ANewerEpoch_Throws()
    {
        using var lease = new WorkerLease(Fence, new LeaseOptions(), _time);
        _time.Advance(TimeSpan.FromSeconds(11));
        var wait = lease.EnsureHeldAsync(CancellationToken.None).AsTask();
        lease.Lose();
        await Assert.ThrowsAsync<FencedException>(() => wait);
        Assert.True(lease.Lost.IsCancellationRequested);
    }

    [Fact]
    public async Task EnsureHeld_Cancelled_EndsAtOnce()
    {
        using var lease = new WorkerLease(Fence, new LeaseOptions(), _time);
        _time.Advance(TimeSpan.FromSeconds(11));
        using var stop = new CancellationTokenSource();
        var wait = lease.EnsureHeldAsync(stop.Token).AsTask();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
    }

    [Fact]
    public async Task Ask_EndedAndPostgresAway_GoesOnAfterAWhileUntilItEndsAnew()
    {
        using var lease = new WorkerLease(Fence, new LeaseOptions(), _time);
        await lease.AskAsync(TimeSpan.FromHours(1), CancellationToken.None);
        _time.Advance(TimeSpan.FromSeconds(11));
        await lease.AskAsync(TimeSpan.FromMilliseconds(1), CancellationToken.None);
        Assert.True(lease.AskAsync(TimeSpan.FromHours(1), CancellationToken.None).AsTask().IsCompletedSuccessfully);
        lease.Renewed(_time.GetTimestamp());
        _time.Advance(TimeSpan.FromSeconds(11));
        var wait = lease.AskAsync(TimeSpan.FromHours(1), CancellationToken.None).AsTask();
        Assert.False(wait.IsCompleted);
        lease.Renewed(_time.GetTimestamp());
        await wait;
    }

    [Fact]
    public async Task Ask_ANewerEpoch_ThrowsAlsoWhereItWentOnWithout()
    {
        using var lease = new WorkerLease(Fence, new LeaseOptions(), _time);
        _time.Advance(TimeSpan.FromSeconds(11));
        var wait = lease.AskAsync(TimeSpan.FromHours(1), CancellationToken.None).AsTask();
        lease.Lose();
        await Assert.ThrowsAsync<FencedException>(() => wait);

        using var another = new WorkerLease(Fence, new LeaseOptions(), _time);
        _time.Advance(TimeSpan.FromSeconds(11));
        await another.AskAsync(TimeSpan.FromMilliseconds(1), CancellationToken.None);
        another.Lose();
        await Assert.ThrowsAsync<FencedException>(() => another.AskAsync(TimeSpan.FromHours(1), CancellationToken.None).AsTask());
    }
}
