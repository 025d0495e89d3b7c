using Radar.Jobs.Fleet;

namespace Radar.Workers.Hosting;

/// <summary>What is asked of this worker right now. A change cancels whatever goes on under the former wish.</summary>
internal sealed class Desires(DesiredState desired) : IDisposable
{
    private readonly Lock _gate = new();
    private CancellationTokenSource _changed = new();
    private DesiredState _desired = desired;

    /// <summary>What is asked, and a token that is signalled when that changes.</summary>
    public (DesiredState Desired, CancellationToken Changed) Current
    {
        get
        {
            lock (_gate)
            {
                return (_desired, _changed.Token);
            }
        }
    }

    /// <summary>Takes over what was read.</summary>
    public void Set(DesiredState desired)
    {
        CancellationTokenSource? changed = null;
        lock (_gate)
        {
            // Deleting is not taken back: whoever asks to start again gets a later process.
            if (desired != _desired && _desired != DesiredState.Delete)
            {
                (changed, _changed) = (_changed, new CancellationTokenSource());
                _desired = desired;
            }
        }
        changed?.Cancel();
    }

    public void Dispose() => _changed.Dispose();
}
