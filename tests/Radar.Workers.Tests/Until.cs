namespace Radar.Workers.Tests;

/// <summary>Waits for a condition. The deadline only ends tests that would hang.</summary>
internal static class Until
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    public static async Task TrueAsync(Func<Task<bool>> condition, Func<Task<string>> what)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(began) > Patience)
            {
                Assert.Fail($"Waited {Patience.TotalSeconds} s in vain for {await what()}");
            }
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, CancellationToken.None);
        }
    }

    public static Task TrueAsync(Func<bool> condition, string what) => TrueAsync(() => Task.FromResult(condition()), () => Task.FromResult(what));
}
