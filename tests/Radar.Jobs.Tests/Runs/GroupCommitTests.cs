using Npgsql;
using Radar.Jobs.Runs;

namespace Radar.Jobs.Tests.Runs;

/// <summary>What many ask for one by one, written in few commits.</summary>
public sealed class GroupCommitTests
{
    private readonly Queue<TaskCompletionSource> _holds = new();
    private readonly List<string> _written = [];

    [Fact]
    public async Task Asked_WhileOthersAreWritten_AreWrittenTogetherInTheirOrder()
    {
        var group = Group();
        var first = Hold();
        var asked = Ask(group, "a", "b", "c");
        first.SetResult();
        Assert.Equal(["A", "B", "C"], await Task.WhenAll(asked));
        Assert.Equal(["a", "b c"], _written);
        Assert.Equal("D", await group.AskAsync("d", default)); // Nobody is being written: at once.
        Assert.Equal(["a", "b c", "d"], _written);
    }

    [Fact]
    public async Task Asked_ThatDoNotFitTogether_AreWrittenApart()
    {
        var group = Group();
        var first = Hold();
        var asked = Ask(group, "a", "b", "c", "2x", "2y", "d");
        first.SetResult();
        await Task.WhenAll(asked);
        Assert.Equal(["a", "b c", "2x 2y", "d"], _written);
    }

    [Fact]
    public async Task Group_ThatCannotBeWritten_AnswersNothing_AndTheNextOneIsWritten()
    {
        var group = Group();
        var first = Hold();
        var asked = Ask(group, "a", "bad", "c");
        first.SetResult();
        Assert.Equal(["A", "-", "-"], await Task.WhenAll(asked));
        Assert.Equal("D", await group.AskAsync("d", default));
    }

    [Fact]
    public async Task DatabaseThatIsAway_IsToldToEachOfThem()
    {
        var group = Group();
        var first = Hold();
        var asked = Ask(group, "a", "away", "c");
        first.SetResult();
        await asked[0];
        await Assert.ThrowsAsync<NpgsqlException>(() => asked[1]);
        await Assert.ThrowsAsync<NpgsqlException>(() => asked[2]);
    }

    [Fact]
    public async Task OneThatGivesUpBeforeItsTurn_IsNotWritten()
    {
        var group = Group();
        var first = Hold();
        using var givesUp = new CancellationTokenSource();
        var a = Ask(group, "a")[0];
        var b = group.AskAsync("b", givesUp.Token);
        var c = Ask(group, "c")[0];
        await givesUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => b);
        first.SetResult();
        Assert.Equal(["A", "C"], await Task.WhenAll(a, c));
        Assert.Equal(["a", "c"], _written);
    }

    [Fact]
    public async Task AllThatGiveUpBeforeTheirTurn_LeaveTheNextOneWritten()
    {
        var group = Group();
        var first = Hold();
        using var givesUp = new CancellationTokenSource();
        var a = Ask(group, "a")[0];
        var gone = group.AskAsync("b", givesUp.Token);
        await givesUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        first.SetResult();
        await a;
        Assert.Equal("C", await group.AskAsync("c", default));
    }

    private TaskCompletionSource Hold()
    {
        var hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _holds.Enqueue(hold);
        return hold;
    }

    private static Task<string>[] Ask(GroupCommit<string, string> group, params string[] asked) => [.. asked.Select(async one => await group.AskAsync(one, default) ?? "-")];

    private GroupCommit<string, string> Group() => new(
        (first, next) => char.IsDigit(first[0]) == char.IsDigit(next[0]),
        async (asked, _) =>
        {
            if (_holds.TryDequeue(out var hold))
            {
                await hold.Task;
            }

            _written.Add(string.Join(' ', asked));
            return asked.Contains("bad") ? throw new InvalidOperationException("bad")
                : asked.Contains("away") ? throw new NpgsqlException("away", new IOException("gone"))
                : [.. asked.Select(one => one.ToUpperInvariant())];
        });
}
