using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace Radar.Embedded.Exchange;

/// <summary>
/// The exchange's clock. It starts at <c>HistoryUntil</c> and either runs at a speed or is stepped by the minute; it stops at <c>To</c>.
/// Its position outlives the process: a killed exchange does not jump back in time.
/// </summary>
internal sealed class SimulatedClock : IDisposable
{
    private readonly ExchangeSettings _settings;
    private readonly TimeProvider _time;
    private readonly SafeFileHandle? _file;
    private readonly Lock _gate = new();
    private long _position; // Stepping: the time now. Running: when it was started, by our clock.

    private SimulatedClock(ExchangeSettings settings, TimeProvider time, SafeFileHandle? file, long position)
    {
        _settings = settings;
        _time = time;
        _file = file;
        _position = position;
    }

    private bool Steps => double.IsPositiveInfinity(_settings.Speed);

    /// <summary>Milliseconds UTC by this clock.</summary>
    public long Now
    {
        get
        {
            lock (_gate)
            {
                var now = Steps
                    ? _position
                    : _settings.HistoryUntil + (long)((_time.GetUtcNow().ToUnixTimeMilliseconds() - _position) * _settings.Speed);
                return Math.Min(now, _settings.To ?? long.MaxValue);
            }
        }
    }

    /// <summary>Whether it has come to its end.</summary>
    public bool Finished => Now >= (_settings.To ?? long.MaxValue);

    /// <summary>Starts the clock, or takes it up where a predecessor with the same settings left it.</summary>
    public static SimulatedClock Start(ExchangeSettings settings, TimeProvider time)
    {
        var start = double.IsPositiveInfinity(settings.Speed) ? settings.HistoryUntil : time.GetUtcNow().ToUnixTimeMilliseconds();
        if (settings.Folder is null)
        {
            return new SimulatedClock(settings, time, null, start);
        }
        Directory.CreateDirectory(settings.Folder);
        var identity = string.Create(
            CultureInfo.InvariantCulture, $"{settings.ReplayFolder}|{settings.Seed}|{settings.From}|{settings.To}|{settings.HistoryUntil}|{settings.Speed}");
        var identityFile = Path.Combine(settings.Folder, "clock.settings");
        var file = File.OpenHandle(Path.Combine(settings.Folder, "clock.position"), FileMode.OpenOrCreate, FileAccess.ReadWrite);
        var buffer = new byte[sizeof(long)];
        var position = File.Exists(identityFile) && File.ReadAllText(identityFile) == identity
            && RandomAccess.Read(file, buffer, 0) == sizeof(long)
                ? BitConverter.ToInt64(buffer)
                : start;
        RandomAccess.Write(file, BitConverter.GetBytes(position), 0);
        File.WriteAllText(identityFile, identity);
        return new SimulatedClock(settings, time, file, position);
    }

    /// <summary>One minute on, where the clock is stepped.</summary>
    public void Step()
    {
        lock (_gate)
        {
            if (Steps && _position < (_settings.To ?? long.MaxValue))
            {
                _position = ((_position / 60_000) + 1) * 60_000;
                if (_file is not null)
                {
                    RandomAccess.Write(_file, BitConverter.GetBytes(_position), 0);
                }
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();
}
