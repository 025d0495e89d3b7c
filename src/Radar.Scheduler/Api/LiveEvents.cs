using System.Collections.Concurrent;
using System.Globalization;
using System.Threading.Channels;
using Radar.Jobs.Fleet;
using Radar.Jobs.Runs;

namespace Radar.Scheduler.Api;

/// <summary>
/// Passes on to every open page what PostgreSQL announces: <c>fleet</c> when a worker changed, <c>runs</c> with the run's id, and a <c>tick</c>
/// every few seconds, when figures and ages are looked at again. An event says where to look, never what is there: a lost one costs nothing.
/// </summary>
internal sealed class LiveEvents(FleetListener fleet, RunSignals runs, TimeProvider time) : BackgroundService
{
    private const int Waiting = 32; // A page that is slower than this looks at everything with the next tick anyway.
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Breath = TimeSpan.FromMilliseconds(200);

    private readonly ConcurrentDictionary<Channel<LiveEvent>, bool> _pages = new();
    private readonly ConcurrentDictionary<long, bool> _changedRuns = new();

    /// <summary>Events from now on, until the token ends.</summary>
    public async IAsyncEnumerable<LiveEvent> ReadAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var page = Channel.CreateBounded<LiveEvent>(new BoundedChannelOptions(Waiting) { FullMode = BoundedChannelFullMode.DropOldest });
        _pages[page] = true;
        try
        {
            yield return new LiveEvent("tick", "");
            // Ended, not broken off, when the token does: the page sees an orderly end of the stream.
            await using var end = cancellationToken.Register(() => page.Writer.TryComplete());
            await foreach (var next in page.Reader.ReadAllAsync(CancellationToken.None))
            {
                yield return next;
            }
        }
        finally
        {
            _pages.TryRemove(page, out _);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        runs.Changed += Remember;
        try
        {
            await Task.WhenAll(FleetAsync(stoppingToken), BeatAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The pages' streams end by the same token.
        }
        finally
        {
            runs.Changed -= Remember;
        }

        void Remember(long run) => _changedRuns[run] = true;
    }

    // However many workers change at once, a page looks five times a second at most.
    private async Task FleetAsync(CancellationToken cancellationToken)
    {
        var changed = false;
        while (!cancellationToken.IsCancellationRequested)
        {
            var next = fleet.NextChange;
            if (changed)
            {
                Tell(new LiveEvent("fleet", ""));
            }
            await fleet.WaitAsync(next, Tick, cancellationToken);
            changed = next.IsCompleted;
            await Task.Delay(Breath, time, cancellationToken);
        }
    }

    private async Task BeatAsync(CancellationToken cancellationToken)
    {
        var ticked = time.GetTimestamp();
        using var timer = new PeriodicTimer(Breath, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            foreach (var run in _changedRuns.Keys)
            {
                _changedRuns.TryRemove(run, out _);
                Tell(new LiveEvent("runs", run.ToString(CultureInfo.InvariantCulture)));
            }
            if (time.GetElapsedTime(ticked) >= Tick)
            {
                ticked = time.GetTimestamp();
                Tell(new LiveEvent("tick", ""));
            }
        }
    }

    private void Tell(LiveEvent change)
    {
        foreach (var page in _pages.Keys)
        {
            page.Writer.TryWrite(change);
        }
    }
}

/// <summary>Where a page should look again.</summary>
/// <param name="Topic"><c>fleet</c>, <c>runs</c> or <c>tick</c>.</param>
/// <param name="Data">The run's id, or nothing.</param>
internal sealed record LiveEvent(string Topic, string Data);
