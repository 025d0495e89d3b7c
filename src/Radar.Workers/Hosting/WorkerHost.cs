using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Npgsql;
using Radar.Jobs.Fleet;
using Radar.Market;
using Radar.Market.Models;
using Radar.Market.Storage;
using Radar.Market.Topics;

namespace Radar.Workers.Hosting;

/// <summary>The frame around every worker: lease, heartbeat, what is asked, what is true, and waiting for services that are away.</summary>
internal sealed partial class WorkerHost(
    WorkerId id, bool underAgent, LeaseOptions options, NpgsqlDataSource database, FleetListener listener, TimeProvider time, ILoggerFactory loggers) : IDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(5);

    private readonly ILogger _logger = loggers.CreateLogger<WorkerHost>();
    private readonly LeaseTable _leases = new(database);
    private readonly WorkerReports _reports = new(database);
    private readonly Desires _desires = new(DesiredState.Start);
    private string? _waitingFor;
    private bool _unwanted;
    private bool _saidLast;
    private WorkerState _state = WorkerState.Starting;

    /// <summary>Runs the worker to its end.</summary>
    /// <param name="create">Makes the work.</param>
    /// <param name="stop">Signalled on shutdown of this process (not of the worker).</param>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public async Task<int> RunAsync(Func<IWorker> create, CancellationToken stop)
    {
        Fence? held = null;
        try
        {
            held = await TakeLeaseAsync(stop).ConfigureAwait(false);
            if (held is not { } taken)
            {
                return _unwanted ? NothingToDo() : _waitingFor is null ? ExitCodes.Held : ExitCodes.Unavailable;
            }
            var begun = false;
            await UntilDatabaseAsync(async token => begun = await _reports.BeginAsync(taken, ProcessIdentity.Own, token).ConfigureAwait(false), null, stop)
                .ConfigureAwait(false);
            if (!begun)
            {
                await ReleaseAsync(taken).ConfigureAwait(false);
                return NothingToDo();
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await ReleaseAsync(held).ConfigureAwait(false);
            return ExitCodes.Done;
        }
        var fence = held!.Value;
        using var scope = _logger.BeginScope(new Dictionary<string, object?> { ["Epoch"] = fence.Epoch });
        using var lease = new WorkerLease(fence, options, time);
        LogStarted(id, Environment.ProcessId);
        using var ending = new CancellationTokenSource();
        var context = Context(lease);
        var beats = BeatAsync(context, ending.Token);
        var wishes = HearWishesAsync(ending.Token);
        try
        {
            return await LiveAsync(create, context, stop).ConfigureAwait(false);
        }
        finally
        {
            await ending.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(beats, wishes).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public void Dispose() => _desires.Dispose();

    private int NothingToDo()
    {
        LogNothingToDo(id);
        return underAgent ? ExitCodes.Done : ExitCodes.Usage;
    }

    // So that the next process need not wait; where PostgreSQL is away the lease ends by itself.
    private async Task ReleaseAsync(Fence? fence)
    {
        if (fence is not { } held)
        {
            return;
        }
        using var words = new CancellationTokenSource(LastWords, time);
        try
        {
            await _leases.ReleaseAsync(held, words.Token).ConfigureAwait(false);
        }
        catch (Exception unsaid) when (unsaid is OperationCanceledException || DatabaseAway.Is(unsaid))
        {
            LogLeftWithoutWord(id, unsaid.Message);
        }
    }

    private async Task<int> LiveAsync(Func<IWorker> create, WorkerContext context, CancellationToken stop)
    {
        using var any = CancellationTokenSource.CreateLinkedTokenSource(stop, context.Lease.Lost);
        IWorker? worker = null;
        try
        {
            // Hear what is asked before the first step: a worker that is to be paused or deleted does not begin.
            await UntilDatabaseAsync(async token => _desires.Set(await _reports.DesiredAsync(id, token).ConfigureAwait(false) ?? DesiredState.Delete), context, any.Token)
                .ConfigureAwait(false);
            while (true)
            {
                any.Token.ThrowIfCancellationRequested();
                var (desired, changed) = _desires.Current;
                using var until = CancellationTokenSource.CreateLinkedTokenSource(any.Token, changed);
                switch (desired)
                {
                    case DesiredState.Delete:
                        await ReportAsync(context, WorkerState.Stopping, "asked to delete", any.Token).ConfigureAwait(false);
                        await DisposeAsync(worker).ConfigureAwait(false);
                        worker = null;
                        await ReportAsync(context, WorkerState.Deleted, "asked to delete", any.Token).ConfigureAwait(false);
                        await _leases.ReleaseAsync(context.Lease.Fence, any.Token).ConfigureAwait(false);
                        LogDeleted(id);
                        return ExitCodes.Done;

                    case DesiredState.Pause:
                        context.Activity = null;
                        await ReportAsync(context, WorkerState.Paused, "asked to pause", any.Token).ConfigureAwait(false);
                        LogPaused(id);
                        await Task.Delay(Timeout.InfiniteTimeSpan, time, until.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                        break;

                    default:
                        await WorkAsync(worker ??= create(), context, until.Token).ConfigureAwait(false);
                        break;
                }
            }
        }
        catch (Exception) when (context.Lease.Lost.IsCancellationRequested)
        {
            LogFenced(id);
            return ExitCodes.Fenced;
        }
        catch (FencedException)
        {
            LogFenced(id);
            return ExitCodes.Fenced;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await DisposeAsync(worker).ConfigureAwait(false);
            worker = null;
            return await LeaveAsync(context).ConfigureAwait(false);
        }
        catch (Exception wrong) when (wrong is UnworkableException or InvalidModelException or FileNotFoundException or DirectoryNotFoundException)
        {
            LogUnworkable(id, wrong.Message);
            Volatile.Write(ref _saidLast, true);
            using var words = new CancellationTokenSource(LastWords, time);
            await _reports.ReportAsync(context.Lease.Fence, WorkerState.Failed, wrong.Message, wrong.Message, words.Token).ConfigureAwait(false);
            await _leases.ReleaseAsync(context.Lease.Fence, words.Token).ConfigureAwait(false);
            return ExitCodes.Misconfigured;
        }
#pragma warning disable CA1031 // Whatever it was: its text goes on the worker's page, and the agent starts the next process.
        catch (Exception unforeseen)
#pragma warning restore CA1031
        {
            LogCrashed(unforeseen, id);
            using var words = new CancellationTokenSource(LastWords, time);
            await _reports.ErrorAsync(context.Lease.Fence, $"{unforeseen.GetType().Name}: {unforeseen.Message}", words.Token)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return ExitCodes.Error;
        }
        finally
        {
            await DisposeAsync(worker).ConfigureAwait(false);
        }
    }

    private async Task WorkAsync(IWorker worker, WorkerContext context, CancellationToken until)
    {
        try
        {
            await ReportAsync(context, WorkerState.Starting, "begins to work", until).ConfigureAwait(false);
            await worker.RunAsync(context, until).ConfigureAwait(false);
            until.ThrowIfCancellationRequested();
        }
        catch (OperationCanceledException) when (until.IsCancellationRequested)
        {
        }
        catch (Exception away) when (Awaited(away) is { } service)
        {
            Wait(context, service, away.Message);
            await Task.Delay(Poll, time, until).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // SIGTERM: what the worker is asked has not changed, so whoever supervises may start the next process at once.
    private async Task<int> LeaveAsync(WorkerContext context)
    {
        using var words = new CancellationTokenSource(LastWords, time);
        try
        {
            await ReportAsync(context, WorkerState.Stopping, "its process was told to stop", words.Token).ConfigureAwait(false);
            await ReportAsync(context, WorkerState.Wait, "its process stopped", words.Token).ConfigureAwait(false);
            await _leases.ReleaseAsync(context.Lease.Fence, words.Token).ConfigureAwait(false);
        }
        catch (Exception unsaid) when (unsaid is OperationCanceledException or FencedException || DatabaseAway.Is(unsaid))
        {
            LogLeftWithoutWord(id, unsaid.Message);
        }
        LogStopped(id);
        return ExitCodes.Done;
    }

    private static async ValueTask DisposeAsync(IWorker? worker)
    {
        if (worker is not null)
        {
            await worker.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>The service that is away, if that is what an error means.</summary>
    internal static string? Awaited(Exception away) => away switch
    {
        BrokerException { IsTransient: true } => "Kafka",
        KafkaException { Error.IsFatal: false } => "Kafka",
        _ when DatabaseAway.Is(away) => "PostgreSQL",
        _ => null,
    };
}
