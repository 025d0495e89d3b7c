using Radar.Jobs.Fleet;
using Radar.Market;
using Radar.Market.Storage;

namespace Radar.Workers.Supervision;

internal sealed partial class Agent
{
    private async Task<Fence> TakeLeaseAsync(CancellationToken stop)
    {
        var told = false;
        while (true)
        {
            try
            {
                if (await _leases.TryTakeAsync(_table.LeaseName, ProcessIdentity.Own, leaseOptions.Lasts, stop).ConfigureAwait(false) is { } fence)
                {
                    Back();
                    return fence;
                }
                if (!told)
                {
                    LogLeaseHeld(options.Name);
                    told = true;
                }
            }
            catch (Exception problem) when (DatabaseAway.Is(problem) || problem is Npgsql.PostgresException { SqlState: "42P01" or "3F000" })
            {
                Away(problem.Message); // Also a schema that the scheduler has yet to make.
            }
            await Task.Delay(Tick / 2, time, stop).ConfigureAwait(false);
        }
    }

    // Consumers before producers, as kill-fleet does it; what is asked of them stays, so the next agent starts them again.
    private async Task StopWorkersAsync()
    {
        var processes = ProcessTable.Find(_fleet).Where(p => p.Agent == options.Name).ToList();
        foreach (var group in processes.GroupBy(p => p.Worker == WorkerId.Producer).OrderBy(g => g.Key))
        {
            foreach (var process in group)
            {
                LogTerminating(process.Worker, process.Identity.Pid);
                Signals.Terminate(process.Identity);
            }
            var began = time.GetTimestamp();
            while (group.Any(p => p.Identity.IsAlive) && time.GetElapsedTime(began) < options.TerminateAfter)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), time, CancellationToken.None).ConfigureAwait(false);
            }
            foreach (var process in group.Where(p => p.Identity.IsAlive))
            {
                LogKilling(process.Worker, process.Identity.Pid, "it did not end when told to");
                Signals.Kill(process.Identity);
            }
        }
    }

    private async Task LeaveAsync(Fence fence)
    {
        if (fence == default)
        {
            return;
        }
        using var words = new CancellationTokenSource(TimeSpan.FromSeconds(5), time);
        try
        {
            await _table.LeaveAsync(fence, words.Token).ConfigureAwait(false);
        }
        catch (Exception away) when (away is OperationCanceledException || DatabaseAway.Is(away))
        {
            // Its lease ends by itself.
        }
    }

    private void RotateLogs()
    {
        foreach (var id in _sightings.Workers)
        {
            try
            {
                Log(id).Rotate();
            }
            catch (IOException problem)
            {
                LogRotateFailed(id, problem.Message);
            }
        }
    }

    // While PostgreSQL is away heartbeats stand still for everybody: nobody is hung for that.
    private void Away(string problem)
    {
        _sightings.Clear();
        _contact.Broke();
        if (!_away)
        {
            _away = true;
            LogAway(problem);
        }
    }

    private void Back()
    {
        if (_away)
        {
            _away = false;
            LogBack();
        }
    }
}
