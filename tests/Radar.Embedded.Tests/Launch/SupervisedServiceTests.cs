using Radar.Embedded.Launch;

namespace Radar.Embedded.Tests.Launch;

public sealed class SupervisedServiceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Killed_StartsAgainAsAnotherProcess()
    {
        using var service = Service("echo started; exec sleep 600", _ => Task.FromResult(true));
        await service.StartAsync(Patience.Long, default);
        var first = service.State;
        Assert.Equal("running", first.State);
        Assert.True(ProcessIdentity.Parse(first.Process)!.Value.IsAlive);

        Signals.Kill(first.Pid);
        await Eventually.TrueAsync(() => service.State is { Restarts: 1, Pid: > 0 }, Patience.Long, "the next process");
        var second = service.State;
        Assert.NotEqual(first.Process, second.Process);

        await service.StopAsync(Patience.Long);
        Assert.Equal("stopped", service.State.State);
        Assert.Equal(0, service.State.Pid);
        Assert.Null(ProcessIdentity.Find(second.Pid));
    }

    [Fact]
    public async Task KeepsEnding_GivesUpWithTheEndOfItsLog()
    {
        using var service = Service("echo 'the reason why'; exit 3", _ => Task.FromResult(false));
        var problem = await Assert.ThrowsAsync<EmbeddedException>(() => service.StartAsync(Patience.Long, default));
        Assert.Contains("keeps ending", problem.Message, StringComparison.Ordinal);
        Assert.Contains("the reason why", problem.Message, StringComparison.Ordinal);
        await service.StopAsync(Patience.Long);
    }

    [Fact]
    public async Task KeepsEnding_AfterAnEarlierLife_SaysOnlyWhatItSaidNow()
    {
        await File.WriteAllTextAsync(_folder.In("test.log"), "an older story\n");
        using var service = Service("echo 'the reason why'; exit 3", _ => Task.FromResult(false));
        var problem = await Assert.ThrowsAsync<EmbeddedException>(() => service.StartAsync(Patience.Long, default));
        Assert.EndsWith("\nthe reason why", problem.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("older story", problem.Message, StringComparison.Ordinal);
        await service.StopAsync(Patience.Long);
    }

    [Fact]
    public async Task Killed_WithAFullDiskAndAStartThatFails_IsStartedAgainAllTheSame()
    {
        var said = 0;
        List<string> command = ["sleep", "600"];
        using var service = new SupervisedService(
            new ServicePlan("test", command, new Dictionary<string, string>(), null, null, _ => Task.FromResult(true)),
            _folder.In("test.log"), _folder.In("up.lock"), () => throw Full(), TimeProvider.System)
        {
            Say = _ =>
            {
                Interlocked.Increment(ref said);
                throw Full();
            },
        };
        await service.StartAsync(Patience.Long, default);
        var first = service.State;
        command[1] = null!; // No process can be started with that.
        Signals.Kill(first.Pid);
        await Eventually.TrueAsync(() => Volatile.Read(ref said) > 1, Patience.Long, "starts that fail");
        command[1] = "600";
        await Eventually.TrueAsync(() => service.State is { State: "running", Pid: > 0 } now && now.Process != first.Process, Patience.Long, "the next process");
        await service.StopAsync(Patience.Long);

        static IOException Full() => new("No space left on device");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Hung_IsStartedAgainUnlessWhatItLeansOnIsAway(bool others)
    {
        var answers = true;
        var said = new List<string>();
        var looks = 0;
        using var service = new SupervisedService(
            new ServicePlan("test", ["sleep", "600"], new Dictionary<string, string>(), null, null, _ => Task.FromResult(Volatile.Read(ref answers))),
            _folder.In("test.log"), _folder.In("up.lock"), () => { }, TimeProvider.System)
        {
            CheckEvery = TimeSpan.FromMilliseconds(10),
            HungAfter = TimeSpan.FromMilliseconds(50),
            Say = said.Add,
            MayAnswer = () => Interlocked.Increment(ref looks) > 0 && others,
        };
        await service.StartAsync(Patience.Long, default);
        var first = service.State;
        Volatile.Write(ref answers, false);
        await Eventually.TrueAsync(() => others ? service.State is { Restarts: > 0, Pid: > 0 } : looks > 50, Patience.Long, "it to be judged");
        Assert.Equal(others, service.State.Process != first.Process);
        Assert.Equal(others, said.Count > 0);
        await service.StopAsync(Patience.Long);
    }

    [Fact]
    public async Task Stop_ServiceThatIgnoresTerm_IsKilledAtTheDeadline()
    {
        var marker = _folder.In("deaf");
        using var service = Service($"trap '' TERM; touch {marker}; while true; do sleep 1; done", _ => Task.FromResult(File.Exists(marker)));
        await service.StartAsync(Patience.Long, default);
        var pid = service.State.Pid;
        await service.StopAsync(TimeSpan.FromMilliseconds(300));
        Assert.Null(ProcessIdentity.Find(pid));
    }

    private SupervisedService Service(string script, Func<CancellationToken, Task<bool>> answers) => new(
        new ServicePlan("test", ["sh", "-c", script], new Dictionary<string, string>(), null, null, answers),
        _folder.In("test.log"),
        _folder.In("up.lock"),
        () => { },
        TimeProvider.System);
}
