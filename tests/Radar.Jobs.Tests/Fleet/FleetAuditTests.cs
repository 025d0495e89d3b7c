using Radar.Jobs.Fleet;
using Radar.Market.Processes;

namespace Radar.Jobs.Tests.Fleet;

public sealed class FleetAuditTests
{
    private static readonly WorkerId Id = new("BTCUSDT/tst/v1");

    [Fact]
    public void Compare_ProcessAndRowAgree_FindsNothing() =>
        Assert.Empty(FleetAudit.Compare([Row(WorkerState.Running, ProcessIdentity.Own)], [new WorkerProcess(ProcessIdentity.Own, Id, "a")]));

    [Fact]
    public void Compare_ProcessWithoutWorker_IsFound() =>
        Assert.Contains("not known", Assert.Single(FleetAudit.Compare([], [new WorkerProcess(ProcessIdentity.Own, Id, "a")])), StringComparison.Ordinal);

    [Fact]
    public void Compare_WorkerWithoutProcess_IsFound() =>
        Assert.Contains("has no process", Assert.Single(FleetAudit.Compare([Row(WorkerState.Running, null)], [])), StringComparison.Ordinal);

    [Fact]
    public void Compare_WorkerWhoseProcessIsGone_IsFound() =>
        Assert.Contains(
            "is gone", Assert.Single(FleetAudit.Compare([Row(WorkerState.Running, ProcessIdentity.Own with { Start = 1 })], [])), StringComparison.Ordinal);

    [Fact]
    public void Compare_ProcessOfADeletedWorker_IsFound() =>
        Assert.Contains(
            "still runs",
            Assert.Single(FleetAudit.Compare([Row(WorkerState.Deleted, ProcessIdentity.Own)], [new WorkerProcess(ProcessIdentity.Own, Id, "a")])),
            StringComparison.Ordinal);

    private static WorkerSnapshot Row(WorkerState actual, ProcessIdentity? process) => new()
    {
        Id = Id,
        Kind = WorkerKinds.PredictionConsumer,
        Desired = DesiredState.Start,
        DesiredBy = "a test",
        DesiredAt = DateTimeOffset.UnixEpoch,
        Actual = actual,
        ActualAt = DateTimeOffset.UnixEpoch,
        Machine = process?.Machine,
        Pid = process?.Pid,
        ProcessStart = process?.Start,
        Epoch = 1,
        Restarts = 0,
        Figures = "{}",
    };
}
