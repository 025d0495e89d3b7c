using Radar.Jobs.Fleet;
using Radar.Workers.Supervision;

namespace Radar.Workers.Tests.Supervision;

public sealed class SupervisionStepTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch.AddDays(1);
    private static readonly SupervisionOptions Options = new();

    [Theory]
    [InlineData("start", "wait", "Launch")]
    [InlineData("pause", "wait", "Launch")]
    [InlineData("delete", "wait", "Move")]
    [InlineData("start", "starting", "Died")]
    [InlineData("start", "running", "Died")]
    [InlineData("start", "paused", "Died")]
    [InlineData("start", "stopping", "Died")]
    [InlineData("delete", "running", "Move")]
    [InlineData("delete", "stopping", "Move")]
    [InlineData("delete", "backoff", "Move")]
    [InlineData("delete", "failed", "Move")]
    [InlineData("delete", "deleted", "Nothing")]
    [InlineData("start", "deleted", "Move")]
    [InlineData("start", "failed", "Nothing")]
    [InlineData("start", "backoff", "Launch")]
    public void Decide_NoProcess_FollowsWhatIsAsked(string desired, string actual, string expected) =>
        Assert.Equal(expected, SupervisionStep.Decide(Worker(desired, actual), new WorkerSight(false, default, default), Now, Options).GetType().Name);

    [Fact]
    public void Decide_DeletedAndItsProcessGone_ForgetsTheProcess() => Assert.IsType<SupervisionStep.Gone>(SupervisionStep.Decide(
        Worker("delete", "deleted") with { Pid = 1 }, new WorkerSight(false, default, default), Now, Options));

    [Fact]
    public void Decide_BackoffNotOver_Waits() => Assert.IsType<SupervisionStep.Nothing>(SupervisionStep.Decide(
        Worker("start", "backoff") with { NextStartAt = Now.AddSeconds(1) }, new WorkerSight(false, default, default), Now, Options));

    [Theory]
    [InlineData("start", "running", 14, 0, "Nothing")]
    [InlineData("start", "running", 15, 0, "Kill")]
    [InlineData("start", "paused", 15, 0, "Kill")]
    [InlineData("delete", "stopping", 60, 9, "Nothing")]
    [InlineData("delete", "stopping", 60, 10, "Terminate")]
    [InlineData("delete", "running", 0, 15, "Kill")]
    [InlineData("start", "deleted", 0, 9, "Nothing")]
    [InlineData("delete", "deleted", 0, 10, "Terminate")]
    [InlineData("delete", "deleted", 0, 15, "Kill")]
    [InlineData("start", "wait", 0, 10, "Terminate")]
    [InlineData("start", "failed", 0, 15, "Kill")]
    public void Decide_ProcessIsThere_OnlyEndsItWithReason(string desired, string actual, int silent, int unwanted, string expected)
    {
        var sight = new WorkerSight(true, TimeSpan.FromSeconds(silent), TimeSpan.FromSeconds(unwanted));
        Assert.Equal(expected, SupervisionStep.Decide(Worker(desired, actual), sight, Now, Options).GetType().Name);
    }

    [Theory]
    [InlineData(59, "Nothing")]
    [InlineData(60, "Kill")]
    public void Decide_NoHeartbeatYet_IsGivenTimeToStart(int silent, string expected) => Assert.Equal(expected, SupervisionStep.Decide(
        Worker("start", "starting") with { HeartbeatAt = null }, new WorkerSight(true, TimeSpan.FromSeconds(silent), default), Now, Options).GetType().Name);

    [Theory]
    [InlineData(1, 0, 0.8)]
    [InlineData(1, 1, 1.2)]
    [InlineData(4, 0.5, 8)]
    [InlineData(6, 0.5, 32)]
    public void Delay_EachRestart_DoublesWithinAFifth(int restart, double chance, double seconds) =>
        Assert.Equal(seconds, RestartPolicy.Delay(restart, Options, chance)!.Value.TotalSeconds, 6);

    [Fact]
    public void Delay_BeyondTheLongest_StaysThere() =>
        Assert.Equal(60, RestartPolicy.Delay(20, Options with { MaxRestarts = 50 }, 0.5)!.Value.TotalSeconds, 6);

    [Fact]
    public void Delay_TooManyRestarts_IsNone() => Assert.Null(RestartPolicy.Delay(7, Options, 0.5));

    private static WorkerSnapshot Worker(string desired, string actual) => new()
    {
        Id = WorkerId.Producer,
        Kind = WorkerKinds.CandleProducer,
        Desired = WorkerStates.ParseDesired(desired),
        DesiredBy = "a test",
        DesiredAt = Now,
        Actual = WorkerStates.ParseState(actual),
        ActualAt = Now,
        HeartbeatAt = Now,
        Epoch = 1,
        Restarts = 0,
        Figures = "{}",
    };
}
