using Radar.Jobs.Fleet;
using Radar.Workers.Supervision;

namespace Radar.Workers.Tests.Supervision;

public sealed class SightingsTests
{
    private readonly ManualTime _time = new();
    private readonly Sightings _sightings;

    public SightingsTests() => _sightings = new Sightings(TimeSpan.FromSeconds(2), _time);

    [Fact]
    public void See_HeartbeatStandsStill_AddsUpUntilItMoves()
    {
        Assert.Equal(TimeSpan.Zero, See(Worker(), after: 0).SilentFor);
        Assert.Equal(TimeSpan.FromSeconds(1), See(Worker(), after: 1).SilentFor);
        Assert.Equal(TimeSpan.FromSeconds(2.5), See(Worker(), after: 1.5).SilentFor);
        Assert.Equal(TimeSpan.Zero, See(Worker() with { HeartbeatAt = DateTimeOffset.UnixEpoch.AddSeconds(5) }, after: 1).SilentFor);
        Assert.Equal(TimeSpan.Zero, See(Worker() with { Pid = 8 }, after: 1).SilentFor);
    }

    [Fact]
    public void See_AfterTheAgentItselfWasStopped_HoldsItAgainstNobody()
    {
        See(Worker(), after: 0);
        Assert.Equal(TimeSpan.FromSeconds(2), See(Worker(), after: 3_600).SilentFor);
        var unwanted = Worker() with { Desired = DesiredState.Delete };
        Assert.Equal(TimeSpan.Zero, See(unwanted, after: 1).UnwantedFor);
        Assert.Equal(TimeSpan.FromSeconds(2), See(unwanted, after: 3_600).UnwantedFor);
        Assert.Equal(TimeSpan.FromSeconds(3), See(unwanted, after: 1).UnwantedFor);
        Assert.Equal(TimeSpan.Zero, See(Worker(), after: 1).UnwantedFor);
    }

    private static WorkerSnapshot Worker() => new()
    {
        Id = new WorkerId("BTCUSDT/lightgbm/v1"),
        Kind = WorkerKinds.PredictionConsumer,
        Desired = DesiredState.Start,
        DesiredBy = "a test",
        DesiredAt = DateTimeOffset.UnixEpoch,
        Actual = WorkerState.Running,
        ActualAt = DateTimeOffset.UnixEpoch,
        HeartbeatAt = DateTimeOffset.UnixEpoch,
        Pid = 7,
        Epoch = 1,
        Restarts = 0,
        Figures = "{}",
        Settings = new Dictionary<string, string>(),
    };

    private WorkerSight See(WorkerSnapshot worker, double after)
    {
        _time.Advance(TimeSpan.FromSeconds(after));
        return _sightings.See(worker, alive: true);
    }
}
