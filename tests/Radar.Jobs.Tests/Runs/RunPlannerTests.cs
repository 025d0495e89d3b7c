using Radar.Jobs.Runs;
using Radar.Jobs.Workflows;
using static Radar.Jobs.Runs.TaskState;

namespace Radar.Jobs.Tests.Runs;

public sealed class RunPlannerTests
{
    [Fact]
    public void Decide_NewRun_RootsAreReady() =>
        Assert.Equal(["a", "b"], Ready(T("a", Pending), T("b", Pending), T("c", Pending, "a", "b")));

    [Fact]
    public void Decide_FanIn_WaitsForAllInstances()
    {
        PlannedTask[] tasks = [T("each", Succeeded), I("each", "x", Succeeded), I("each", "y", Running), T("join", Pending, "each")];
        Assert.Empty(Ready(tasks));
        tasks[2] = tasks[2] with { State = Succeeded };
        Assert.Equal(["join"], Ready(tasks));
    }

    [Fact]
    public void Decide_FollowerOfOneInstance_WaitsForThatOneOnly() => Assert.Equal(
        ["after[x]"],
        Ready(T("each", Succeeded), I("each", "x", Succeeded), I("each", "y", Running), I("after", "x", Pending, "each[x]"), I("after", "y", Pending, "each[y]")));

    [Fact]
    public void Decide_FailedParent_SkipsAllThatFollowsAndFailsTheRun()
    {
        var plan = RunPlanner.Decide(RunState.Running, [T("a", Failed) with { Reason = "boom" }, T("b", Pending, "a"), T("c", Pending, "b")]);
        Assert.Equal([("b", "a failed"), ("c", "b was skipped")], plan.Skipped.Select(s => (s.Task.Task, s.Reason)));
        Assert.Equal((RunState.Failed, "a: boom"), (plan.End!.Value, plan.Reason));
    }

    [Fact]
    public void Decide_WhenEnded_RunsAfterFailure()
    {
        var always = T("always", Pending, "a") with { When = RunsWhen.Ended };
        Assert.Equal(["always"], Ready(T("a", Failed), always));
    }

    [Theory]
    [InlineData(RunState.Running, Succeeded, RunState.Succeeded)]
    [InlineData(RunState.Running, Failed, RunState.Failed)]
    [InlineData(RunState.Cancelling, TaskState.Cancelled, RunState.Cancelled)]
    [InlineData(RunState.Cancelling, Succeeded, RunState.Cancelled)]
    [InlineData(RunState.Cancelling, Running, null)]
    [InlineData(RunState.Running, Running, null)]
    [InlineData(RunState.Running, Retrying, null)]
    [InlineData(RunState.Waiting, Pending, null)]
    internal void Decide_States_EndTheRun(RunState run, TaskState task, RunState? end) =>
        Assert.Equal(end, RunPlanner.Decide(run, [T("a", task)]).End);

    [Fact]
    public void Decide_CancellingRun_BeginsNothing() =>
        Assert.Empty(RunPlanner.Decide(RunState.Cancelling, [T("a", Running), T("b", Pending)]).Ready);

    private static IEnumerable<string> Ready(params PlannedTask[] tasks) => RunPlanner.Decide(RunState.Running, tasks).Ready.Select(t => t.Task);

    private static PlannedTask T(string name, TaskState state, params string[] needs) =>
        new(name.GetHashCode(StringComparison.Ordinal), name, name, needs, RunsWhen.Succeeded, state, null);

    private static PlannedTask I(string template, string instance, TaskState state, params string[] needs) =>
        T($"{template}[{instance}]", state, needs) with { Template = template };
}
