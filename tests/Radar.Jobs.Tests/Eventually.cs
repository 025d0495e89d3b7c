namespace Radar.Jobs.Tests;

/// <summary>Waits for a condition; the deadline is generous, because it only ends tests that would hang.</summary>
internal static class Eventually
{
    public static async Task TrueAsync(Func<Task<bool>> condition, string what, double seconds = 90)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        while (!await condition())
        {
            try
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, deadline.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"Waited {seconds} s in vain for: {what}");
            }
        }
    }

    public static Task TrueAsync(Func<bool> condition, string what, double seconds = 90) =>
        TrueAsync(() => Task.FromResult(condition()), what, seconds);
}
