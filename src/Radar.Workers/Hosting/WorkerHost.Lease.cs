using Npgsql;
using Radar.Jobs.Fleet;
using Radar.Market;
using Radar.Market.Storage;

namespace Radar.Workers.Hosting;

internal sealed partial class WorkerHost
{
    // Null: it is somebody else's, or (with _waitingFor set) PostgreSQL cannot be reached and nobody supervises us who could say so, or (with _unwanted
    // set) nobody wants the worker any more.
    private async Task<Fence?> TakeLeaseAsync(CancellationToken stop)
    {
        var began = time.GetTimestamp();
        var told = false;
        while (true)
        {
            try
            {
                if (await _leases.TryTakeAsync(id.Value, ProcessIdentity.Own, options.Lasts, stop).ConfigureAwait(false) is { } fence)
                {
                    WaitIsOver();
                    return fence;
                }
                WaitIsOver();
                var holder = await _leases.FindAsync(id.Value, stop).ConfigureAwait(false);
                if (await _reports.DesiredAsync(id, stop).ConfigureAwait(false) == DesiredState.Delete)
                {
                    _unwanted = true;
                    return null;
                }
                if (!told)
                {
                    LogLeaseHeld(id, holder?.Holder);
                    told = true;
                }
                if (time.GetElapsedTime(began) > options.Patience)
                {
                    LogLeaseStaysHeld(id, holder?.Holder, options.Patience.TotalSeconds);
                    return null;
                }
            }
            catch (Exception away) when (DatabaseAway.Is(away))
            {
                Wait(null, "PostgreSQL", away.Message);
                if (!underAgent)
                {
                    LogNoDatabase(away.Message);
                    return null;
                }
                began = time.GetTimestamp();
            }
            catch (PostgresException absent) when (absent.SqlState is PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.InvalidSchemaName)
            {
                throw new SettingsException(["The database of Radar:Database has no schema 'radar'. Start radar-scheduler first (./radar up does), which makes it."]);
            }
            await Task.Delay(Poll / 2, time, stop).ConfigureAwait(false);
        }
    }

    private async Task BeatAsync(WorkerContext context, CancellationToken ending)
    {
        var pause = options.Heartbeat;
        while (!ending.IsCancellationRequested)
        {
            await Task.Delay(pause, time, ending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (ending.IsCancellationRequested)
            {
                return;
            }
            var sent = time.GetTimestamp();
            try
            {
                var beat = await _reports.BeatAsync(context.Lease.Fence, ProcessIdentity.Own, options.Lasts, context.Figures.Take(), context.Activity, ending)
                    .ConfigureAwait(false);
                switch (beat)
                {
                    case Beat.Lost when Volatile.Read(ref _saidLast):
                        return; // It has said itself that the worker has no process any more.
                    case Beat.Lost:
                        context.Lease.Lose();
                        return;
                    case Beat.Forgotten:
                        _desires.Set(DesiredState.Delete);
                        break;
                }
                context.Lease.Renewed(sent);
                pause = options.Heartbeat;
            }
            catch (OperationCanceledException) when (ending.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // A heartbeat that fails is tried again; when the lease's time has passed meanwhile, nothing is written until it is renewed.
            catch (Exception problem)
#pragma warning restore CA1031
            {
                LogBeatFailed(id, problem.Message);
                pause = TimeSpan.FromSeconds(1) < options.Heartbeat ? TimeSpan.FromSeconds(1) : options.Heartbeat;
            }
        }
    }

    private async Task HearWishesAsync(CancellationToken ending)
    {
        while (!ending.IsCancellationRequested)
        {
            var change = listener.NextChange;
            try
            {
                _desires.Set(await _reports.DesiredAsync(id, ending).ConfigureAwait(false) ?? DesiredState.Delete);
            }
            catch (OperationCanceledException) when (ending.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // What is asked cannot be heard while PostgreSQL is away; the heartbeat says so.
            catch (Exception)
#pragma warning restore CA1031
            {
            }
            try
            {
                await listener.WaitAsync(change, Poll, ending).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }
}
