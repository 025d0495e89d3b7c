using Microsoft.Extensions.Logging;
using Npgsql;
using Radar.Jobs.Fleet;
using Radar.Market;
using Radar.Market.Storage;
using Radar.Workers.Hosting;

namespace Radar.Workers.Supervision;

/// <summary>
/// Supervises the workers of a host: each second, and whenever PostgreSQL says that something changed, it holds what is asked against the processes
/// it sees. All it knows is in PostgreSQL and in /proc, so an agent that died is replaced by starting it again.
/// </summary>
internal sealed partial class Agent(
    SupervisionOptions options, LeaseOptions leaseOptions, NpgsqlDataSource database, FleetListener listener, TimeProvider time, ILoggerFactory loggers)
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RotateEvery = TimeSpan.FromSeconds(5);

    private readonly ILogger _logger = loggers.CreateLogger<Agent>();
    private readonly AgentTable _table = new(database, options.Name);
    private readonly LeaseTable _leases = new(database);
    private readonly string _fleet = FleetKey.Of(database.ConnectionString);
    private readonly WorkerLauncher _launcher = new(options.Name, FleetKey.Of(database.ConnectionString), listener.Wake);
    private readonly Sightings _sightings = new(Tick * 2, time);
    private readonly Contact _contact = new(leaseOptions.Lasts, time);
    private readonly Dictionary<WorkerId, string> _killedFor = [];
    private readonly Dictionary<WorkerId, long> _logBegins = [];
    private bool _away;

    /// <summary>Supervises until told to stop, or until a newer process is this agent.</summary>
    /// <param name="stopWorkers">Asked when it stops: whether its workers end with it.</param>
    /// <param name="stop">Signalled on shutdown.</param>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public async Task<int> RunAsync(Func<bool> stopWorkers, CancellationToken stop)
    {
        Fence fence = default;
        try
        {
            fence = await TakeLeaseAsync(stop).ConfigureAwait(false);
            LogStarted(options.Name, Environment.ProcessId, fence.Epoch);
            var (beaten, rotated) = (long.MinValue, long.MinValue);
            while (true)
            {
                stop.ThrowIfCancellationRequested();
                var change = listener.NextChange;
                try
                {
                    if (beaten == long.MinValue || time.GetElapsedTime(beaten) >= leaseOptions.Heartbeat)
                    {
                        var sent = time.GetTimestamp();
                        if (!await _table.BeatAsync(fence, Environment.ProcessId, leaseOptions.Lasts, stop).ConfigureAwait(false))
                        {
                            LogFenced(options.Name);
                            return ExitCodes.Fenced;
                        }
                        beaten = sent;
                    }
                    await ReconcileAsync(stop).ConfigureAwait(false);
                    Back();
                }
                catch (Exception problem) when (DatabaseAway.Is(problem) && !stop.IsCancellationRequested)
                {
                    Away(problem.Message);
                    await Task.Delay(Tick, time, stop).ConfigureAwait(false);
                    continue;
                }
                if (rotated == long.MinValue || time.GetElapsedTime(rotated) >= RotateEvery)
                {
                    RotateLogs();
                    rotated = time.GetTimestamp();
                }
                await listener.WaitAsync(change, Tick, stop).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            if (stopWorkers())
            {
                await StopWorkersAsync().ConfigureAwait(false);
            }
            await LeaveAsync(fence).ConfigureAwait(false);
            LogStopped(options.Name);
            return ExitCodes.Done;
        }
    }

    private async Task ReconcileAsync(CancellationToken cancellationToken)
    {
        var now = await _table.NowAsync(cancellationToken).ConfigureAwait(false);
        _contact.Made();
        await _table.ClaimAsync(alsoOthers: _contact.IsSteady, cancellationToken).ConfigureAwait(false);
        var workers = await _table.OwnAsync(cancellationToken).ConfigureAwait(false);
        foreach (var worker in workers)
        {
            await ReconcileAsync(worker, now, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task ReconcileAsync(WorkerSnapshot worker, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var process = worker.Process ?? await FindLaunchedAsync(worker, cancellationToken).ConfigureAwait(false);
        var alive = process is { IsAlive: true };
        var step = SupervisionStep.Decide(worker, _sightings.See(worker, alive), now, options);
        switch (step)
        {
            case SupervisionStep.Launch:
                await LaunchAsync(worker, cancellationToken).ConfigureAwait(false);
                break;
            case SupervisionStep.Move move:
                await _table.MoveAsync(worker, move.To, move.Why, 0, null, worker.Error, cancellationToken).ConfigureAwait(false);
                break;
            case SupervisionStep.Gone:
                _killedFor.Remove(worker.Id);
                await _table.GoneAsync(worker, cancellationToken).ConfigureAwait(false);
                break;
            case SupervisionStep.Died:
                await RestartAsync(worker, now, cancellationToken).ConfigureAwait(false);
                break;
            case SupervisionStep.Terminate:
                LogTerminating(worker.Id, process!.Value.Pid);
                Signals.Terminate(process.Value);
                break;
            case SupervisionStep.Kill kill:
                LogKilling(worker.Id, process!.Value.Pid, kill.Why);
                _killedFor[worker.Id] = kill.Why;
                Signals.Kill(process.Value);
                break;
        }
    }

    // An agent that died between starting a process and noting its pid left one that we find by its arguments.
    private async Task<ProcessIdentity?> FindLaunchedAsync(WorkerSnapshot worker, CancellationToken cancellationToken)
    {
        if (!worker.Actual.HasProcess() || Leftovers(worker.Id) is not [.., { } found])
        {
            return null;
        }
        await _table.LaunchedAsync(worker, found.Identity, cancellationToken).ConfigureAwait(false);
        return found.Identity;
    }

    private async Task LaunchAsync(WorkerSnapshot worker, CancellationToken cancellationToken)
    {
        foreach (var leftover in Leftovers(worker.Id))
        {
            LogKilling(worker.Id, leftover.Identity.Pid, "left over from before");
            Signals.Kill(leftover.Identity);
        }
        if (!await _table.MoveAsync(
            worker, WorkerState.Starting, $"launched by agent {options.Name}", worker.Restarts, null, worker.Error, cancellationToken).ConfigureAwait(false))
        {
            return; // Something changed since we looked; we look again at once.
        }
        _sightings.Forget(worker.Id);
        _logBegins[worker.Id] = Log(worker.Id).Length;
        if (_launcher.Launch(worker, Log(worker.Id).Path) is { } process)
        {
            LogLaunched(worker.Id, process.Pid);
            await _table.LaunchedAsync(worker, process, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task RestartAsync(WorkerSnapshot worker, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var healthy = worker.Actual is WorkerState.Running or WorkerState.Paused && now - worker.ActualAt >= options.HealthyAfter;
        var restart = (healthy ? 0 : worker.Restarts) + 1;
        var code = _launcher.ExitCode(worker.Pid);
        var how = _killedFor.Remove(worker.Id, out var why) ? $"killed: {why}"
            : code is null ? "its process is gone" : code > 128 ? $"signal {code - 128}" : $"exit code {code}";
        if (code == ExitCodes.Misconfigured)
        {
            // It says why on its standard error, and would say the same again.
            var words = Words(worker.Id);
            LogMisconfigured(worker.Id, words);
            await _table.MoveAsync(
                worker, WorkerState.Failed, $"a setting is wrong ({how})", worker.Restarts, null, words, cancellationToken).ConfigureAwait(false);
            return;
        }
        var reason = worker.Error is not { } error ? $"ended without a word ({how})" : error.EndsWith($"({how})", StringComparison.Ordinal) ? error : $"{error} ({how})";
#pragma warning disable CA5394 // Spreads restarts; nobody gains by guessing it.
        var delay = RestartPolicy.Delay(restart, options, Random.Shared.NextDouble());
#pragma warning restore CA5394
        if (delay is { } wait)
        {
            LogRestarting(worker.Id, reason, restart, options.MaxRestarts, wait.TotalSeconds);
            await _table.MoveAsync(
                worker, WorkerState.Backoff, $"{reason}; restart {restart} of {options.MaxRestarts} in {wait.TotalSeconds:0.0} s", restart, wait, worker.Error ?? reason,
                cancellationToken).ConfigureAwait(false);
        }
        else
        {
            LogFailed(worker.Id, reason, restart - 1);
            await _table.MoveAsync(
                worker, WorkerState.Failed, $"{reason}; gave up after {restart - 1} restarts", worker.Restarts, null,
                $"{reason}. Gave up after {restart - 1} restarts. Last lines of its log:\n{Words(worker.Id)}", cancellationToken).ConfigureAwait(false);
        }
    }

    // What its newest process wrote at last.
    private string Words(WorkerId id) => Log(id).Tail(8, _logBegins.GetValueOrDefault(id));

    private List<WorkerProcess> Leftovers(WorkerId id) =>
        [.. ProcessTable.Find(_fleet).Where(p => p.Worker == id && p.Agent == options.Name)];

    private WorkerLog Log(WorkerId id) =>
        new(Path.Combine(options.LogsDirectory, "workers", id.FileName + ".log"), options.MaxLogBytes, options.KeptLogs);
}
