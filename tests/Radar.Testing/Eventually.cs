using Xunit;

namespace Radar.Testing;

/// <summary>Waits for a condition instead of for a time.</summary>
public static class Eventually
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    /// <summary>Returns as soon as the condition holds; fails, naming what was awaited, when the deadline passes.</summary>
    public static async Task TrueAsync(Func<Task<bool>> condition, TimeSpan deadline, string what)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < deadline, $"Waited {deadline} for {what}.");
            await Task.Delay(Look, TimeProvider.System, CancellationToken.None);
        }
    }

    /// <summary>The same of a condition that needs no waiting to be asked.</summary>
    public static Task TrueAsync(Func<bool> condition, TimeSpan deadline, string what) =>
        TrueAsync(() => Task.FromResult(condition()), deadline, what);
}
