using Radar.Workers.Hosting;

namespace Radar.Workers.Tests.Hosting;

public sealed class SessionNameTests
{
    [Fact]
    public void Of_ALease_BeginsAsTakeoversLookForItAndFitsAName()
    {
        var name = SessionName.Of("BTCUSDT/lightgbm/v1");
        Assert.StartsWith($"BTCUSDT/lightgbm/v1 #{Environment.ProcessId}.", name, StringComparison.Ordinal);
        Assert.Equal(name, SessionName.Of("BTCUSDT/lightgbm/v1"));
        Assert.True("radar ".Length + name.Length < 64, $"{name}: PostgreSQL cuts names off after 63 bytes.");
    }
}
