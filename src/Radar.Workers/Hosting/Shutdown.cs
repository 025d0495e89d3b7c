using System.Runtime.InteropServices;

namespace Radar.Workers.Hosting;

/// <summary>Why this process is to end: SIGTERM, SIGINT, or the launcher that started everything is gone.</summary>
internal sealed class Shutdown : IDisposable
{
    private readonly CancellationTokenSource _requested = new();
    private readonly PosixSignalRegistration[] _signals;

    public Shutdown() => _signals =
    [
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal),
        PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal),
    ];

    /// <summary>Signalled when the process is to end.</summary>
    public CancellationToken Requested => _requested.Token;

    /// <summary>Whether it was the launcher's death.</summary>
    public bool LauncherIsGone { get; private set; }

    /// <summary>The launcher died: end after <paramref name="delay"/>, which leaves those who stop us in order the time to do it.</summary>
    public void LoseLauncher(TimeSpan delay)
    {
        LauncherIsGone = true;
        _requested.CancelAfter(delay);
    }

    public void Dispose()
    {
        foreach (var signal in _signals)
        {
            signal.Dispose();
        }
        _requested.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true; // We end by ourselves, in order.
        _requested.Cancel();
    }
}
