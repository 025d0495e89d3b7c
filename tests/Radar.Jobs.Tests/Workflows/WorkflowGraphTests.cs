using Radar.Jobs.Workflows;

namespace Radar.Jobs.Tests.Workflows;

public sealed class WorkflowGraphTests
{
    [Fact]
    public void Check_Cycle_IsPrintedAsTheCycle() =>
        Assert.Contains("Circular dependency: a -> c -> b -> a.", Fault(Task("a", "c"), Task("b", "a"), Task("c", "b"), Task("d")), StringComparison.Ordinal);

    [Fact]
    public void Check_UnknownParent_SuggestsTheNearest() =>
        Assert.Contains("'wait' needs 'strat-producer', which is not there. Did you mean 'start-producer'?",
            Fault(Task("start-producer"), Task("wait", "strat-producer")), StringComparison.Ordinal);

    [Fact]
    public void Check_SeveralFaults_AreListedAtOnce()
    {
        var fault = Fault(Task("Bad Name"), Task("twice"), Task("twice"), Task("q") with { Queue = "urgent" }, Task("f") with { ForEach = "q" });
        Assert.Contains("'Bad Name'", fault, StringComparison.Ordinal);
        Assert.Contains("'twice' is there 2 times", fault, StringComparison.Ordinal);
        Assert.Contains("queue 'urgent'; choose one of control, default, batch", fault, StringComparison.Ordinal);
        Assert.Contains("follows each instance of 'q', which has none", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_BadSchedule_NamesIt() => Assert.Contains("Time zone 'Mars/Olympus'",
        Assert.Throws<WorkflowException>(() => WorkflowGraph.Check(Flow(Task("a")) with { Schedule = new("* * * * *", "Mars/Olympus") })).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Catalog_AliasTakenTwice_NamesBoth() => Assert.Contains("'one' and 'two' both answer to 'x'",
        Assert.Throws<WorkflowException>(() => new WorkflowCatalog(
            [new Given(Flow(Task("a")) with { Name = "one", Aliases = ["x"] }), new Given(Flow(Task("a")) with { Name = "two", Aliases = ["x"] })])).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Catalog_UnknownPreempted_Suggests() => Assert.Contains("pre-empts 'onne', which is not there. Did you mean 'one'?",
        Assert.Throws<WorkflowException>(() => new WorkflowCatalog(
            [new Given(Flow(Task("a")) with { Name = "one" }), new Given(Flow(Task("a")) with { Name = "two", Preempts = ["onne"] })])).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Catalog_Alias_FindsTheWorkflow()
    {
        var catalog = new WorkflowCatalog([new Given(Flow(Task("a")) with { Name = "start-fleet", Aliases = ["consumer_start"] })]);
        Assert.Equal("start-fleet", catalog.Find("consumer_start")!.Name);
        Assert.Contains("Did you mean 'start-fleet'?", catalog.Unknown("start-flet"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, 1.0)]
    [InlineData(2, 4.0)]
    [InlineData(3, null)]
    public void RetryPolicy_Default_RestsLonger(int failures, double? seconds) =>
        Assert.Equal(seconds, RetryPolicy.Default.After(failures)?.TotalSeconds);

    internal static TaskSpec Task(string name, params string[] needs) =>
        new() { Name = name, Needs = needs, Body = (_, _) => System.Threading.Tasks.Task.FromResult<object?>(null) };

    private static Workflow Flow(params TaskSpec[] tasks) => new() { Name = "flow", Description = "A flow.", Tasks = tasks };

    private static string Fault(params TaskSpec[] tasks) => Assert.Throws<WorkflowException>(() => WorkflowGraph.Check(Flow(tasks))).Message;

    private sealed class Given(Workflow workflow) : IWorkflowSource
    {
        public Workflow Build() => workflow;
    }
}
