using Radar.Jobs.Fleet;
using Radar.Market;
using Radar.Market.Storage;

namespace Radar.Workers.Hosting;

internal sealed partial class WorkerHost
{
    private WorkerContext Context(WorkerLease lease)
    {
        WorkerContext? context = null;
        context = new WorkerContext
        {
            Id = id,
            Database = database,
            Lease = lease,
            Reports = _reports,
            Figures = new WorkerFigures(time),
            Time = time,
            Loggers = loggers,
            Desired = () => _desires.Current.Desired,
            Running = async token =>
            {
                WaitIsOver();
                if (_state != WorkerState.Running)
                {
                    await ReportAsync(context!, WorkerState.Running, "caught up with what was missing", token).ConfigureAwait(false);
                    LogRunning(id);
                }
            },
        };
        return context;
    }

    // Says a state until PostgreSQL has heard it. Being told that it cannot be true means that somebody newer speaks for this worker.
    private async Task ReportAsync(WorkerContext context, WorkerState state, string message, CancellationToken cancellationToken)
    {
        if (state == _state && state == WorkerState.Starting)
        {
            return;
        }
        if (state is WorkerState.Deleted or WorkerState.Wait)
        {
            Volatile.Write(ref _saidLast, true);
        }
        await UntilDatabaseAsync(
            async token =>
            {
                if (!await _reports.ReportAsync(context.Lease.Fence, state, message, null, token).ConfigureAwait(false))
                {
                    throw new FencedException(context.Lease.Fence);
                }
            },
            context,
            cancellationToken).ConfigureAwait(false);
        _state = state;
    }

    private async Task UntilDatabaseAsync(Func<CancellationToken, Task> statement, WorkerContext? context, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await statement(cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (Exception away) when (DatabaseAway.Is(away) && !cancellationToken.IsCancellationRequested)
            {
                Wait(context, "PostgreSQL", away.Message);
                await Task.Delay(Poll / 2, time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    // Said once for each service that goes away, not each second.
    private void Wait(WorkerContext? context, string service, string problem)
    {
        if (context is not null)
        {
            context.Activity = $"waiting for {service}";
        }
        if (_waitingFor != service)
        {
            _waitingFor = service;
            LogWaiting(id, service, problem);
        }
    }

    private void WaitIsOver()
    {
        if (_waitingFor is { } service)
        {
            _waitingFor = null;
            LogBack(id, service);
        }
    }
}
