using System.Collections.Concurrent;

namespace Radar.Embedded.ClickHouse;

/// <summary>
/// Threads that statements run on, since the engine's calls block; as many as there were ever statements at a time, and they stay. A thread of ours that
/// ends after it was in the engine leaves 12 KiB and a guard page mapped, of a signal stack's shape: the runtime gives it one, and the engine puts its own in that one's
/// place. With a thread for each statement the process had after some 32,000 of them as many maps as Linux allows, and ended.
/// </summary>
internal sealed class StatementThreads
{
    private readonly Lock _lock = new();
    private readonly BlockingCollection<Action> _handed = [];
    private int _idle;

    /// <summary>Runs something on a thread that is free, or on a new one.</summary>
    public Task<T> RunAsync<T>(Func<T> statement)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Hand(() =>
        {
            try
            {
                result.SetResult(statement());
            }
#pragma warning disable CA1031 // Whoever waits for it hears of it.
            catch (Exception ex)
#pragma warning restore CA1031
            {
                result.SetException(ex);
            }
        });
        return result.Task;
    }

    private void Hand(Action statement)
    {
        lock (_lock)
        {
            if (_idle > 0)
            {
                _idle--; // One of them takes it.
                _handed.Add(statement);
                return;
            }
        }
        new Thread(() => Serve(statement)) { IsBackground = true, Name = "statements" }.Start();
    }

    private void Serve(Action first)
    {
        for (var statement = first; ; statement = _handed.Take())
        {
            statement();
            lock (_lock)
            {
                _idle++;
            }
        }
    }
}
