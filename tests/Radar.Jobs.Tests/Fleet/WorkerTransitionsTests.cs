using Radar.Jobs.Fleet;

namespace Radar.Jobs.Tests.Fleet;

public sealed class WorkerTransitionsTests
{
    // The diagram as a matrix, one arrow a cell: from the row's state to the column's.
    private const string Matrix = """
                 wait starting running paused stopping deleted backoff failed
        wait     .    x        .       .      .        x       .       .
        starting x    x        x       x      x        x       x       x
        running  x    x        .       x      x        x       x       x
        paused   x    x        x       .      x        x       x       x
        stopping x    x        .       .      .        x       x       x
        deleted  x    .        .       .      .        .       .       .
        backoff  x    x        .       .      .        x       .       x
        failed   x    .        .       .      .        x       .       .
        """;

    public static TheoryData<string, string, bool> Arrows()
    {
        var lines = Matrix.Split('\n').Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToList();
        var arrows = new TheoryData<string, string, bool>();
        foreach (var line in lines.Skip(1))
        {
            for (var to = 1; to < line.Length; to++)
            {
                arrows.Add(line[0], lines[0][to - 1], line[to] == "x");
            }
        }
        return arrows;
    }

    [Theory]
    [MemberData(nameof(Arrows))]
    public void Allows_EachArrow_AsDrawn(string from, string to, bool drawn) =>
        Assert.Equal(drawn, WorkerTransitions.Allows(WorkerStates.ParseState(from), WorkerStates.ParseState(to)));

    [Fact]
    public void Before_Deleted_IsEveryStateButDeleted() =>
        Assert.DoesNotContain("deleted", WorkerTransitions.Before(WorkerState.Deleted));

    [Fact]
    public void ParseDesired_UnknownWord_NamesTheChoices() =>
        Assert.Contains("start, pause, delete", Assert.Throws<ArgumentException>(() => WorkerStates.ParseDesired("go")).Message, StringComparison.Ordinal);
}
