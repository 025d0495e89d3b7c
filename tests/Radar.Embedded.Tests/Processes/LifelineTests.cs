using System.Diagnostics;
using Radar.Embedded.Launch;

namespace Radar.Embedded.Tests.Processes;

public sealed class LifelineTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Lock => _folder.In("up.lock");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Hold_Twice_OnlyTheFirstHasIt()
    {
        using (Lifeline.Hold(Lock))
        {
            Assert.True(Lifeline.IsHeld(Lock));
            Assert.Null(Lifeline.Hold(Lock));
        }
        Assert.False(Lifeline.IsHeld(Lock));
        using var next = Lifeline.Hold(Lock);
        Assert.NotNull(next);
    }

    [Fact]
    public async Task Service_LauncherGone_EndsByItselfInOrder()
    {
        var environment = new Dictionary<string, string?> { [Lifeline.Variable] = Lock };
        using var first = Lifeline.Hold(Lock)!;
        var port = FreePort.Next();
        using var service = EmbeddedProcess.Start(environment, "kafka", "--state", _folder.Path, "--port", $"{port}", "--topic", "BTCUSDT:1");
        await Eventually.TrueAsync(() => !Ports.IsFree(port), Patience.Long, "the service to listen");
        Assert.False(service.HasExited);
        first.Dispose();
        await service.WaitForExitAsync();
        Assert.Equal(0, service.ExitCode);
    }

    [Fact]
    public async Task Hold_ByAProcessThatIsKilled_IsFreeAtOnce()
    {
        using var holder = Process.Start("flock", ["--exclusive", Lock, "sleep", "600"]);
        await Eventually.TrueAsync(() => Lifeline.IsHeld(Lock), Patience.Long, "another process to hold it");
        Assert.Null(Lifeline.Hold(Lock));
        holder.Kill(entireProcessTree: true);
        await holder.WaitForExitAsync();
        await Eventually.TrueAsync(() => !Lifeline.IsHeld(Lock), Patience.Long, "the kernel to take it from the dead");
    }
}
