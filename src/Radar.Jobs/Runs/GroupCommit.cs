namespace Radar.Jobs.Runs;

/// <summary>
/// Writes in few commits what many ask for one by one: whoever comes first is written at once, and those who come while others are being written are
/// written together.
/// </summary>
/// <param name="fits">Whether the second one may be written together with the first.</param>
/// <param name="write">Writes them, and answers each in its place. It is told to give up when one of them has given up.</param>
internal sealed class GroupCommit<TAsked, TAnswer>(
    Func<TAsked, TAsked, bool> fits, Func<IReadOnlyList<TAsked>, CancellationToken, Task<IReadOnlyList<TAnswer?>>> write)
{
    private const int Most = 100;
    private readonly Lock _lock = new();
    private readonly Queue<Waiting> _waiting = [];
    private bool _writes;

    /// <summary>Has it written, and waits for that.</summary>
    /// <returns>
    /// The answer; none when the group could not be written for a reason that may be that of one of them. No other is to suffer from that: each is then to be
    /// written by itself.
    /// </returns>
    /// <exception cref="Exception">The database is away.</exception>
    public async Task<TAnswer?> AskAsync(TAsked asked, CancellationToken cancellationToken)
    {
        var waiting = new Waiting(asked, cancellationToken);
        bool begins;
        lock (_lock)
        {
            _waiting.Enqueue(waiting);
            begins = !_writes;
            _writes = true;
        }

        if (begins)
        {
            _ = WriteAllAsync();
        }

        return await waiting.Answer.Task.WaitAsync(cancellationToken);
    }

    private async Task WriteAllAsync()
    {
        var group = new List<Waiting>(Most);
        while (Next(group))
        {
            using var anyGivesUp = CancellationTokenSource.CreateLinkedTokenSource([.. group.Select(w => w.GivesUp)]);
            try
            {
                var answers = await write([.. group.Select(w => w.Asked)], anyGivesUp.Token);
                for (var i = 0; i < group.Count; i++)
                {
                    group[i].Answer.TrySetResult(answers[i]);
                }
            }
#pragma warning disable CA1031 // It is theirs who wait.
            catch (Exception error)
#pragma warning restore CA1031
            {
                group.ForEach(w => _ = error.IsDatabaseAway() ? w.Answer.TrySetException(error) : w.Answer.TrySetResult(default));
            }
        }
    }

    private bool Next(List<Waiting> group)
    {
        group.Clear();
        lock (_lock)
        {
            while (group.Count < Most && _waiting.TryPeek(out var next) && (group.Count == 0 || fits(group[0].Asked, next.Asked)))
            {
                _waiting.Dequeue();
                if (!next.GivesUp.IsCancellationRequested)
                {
                    group.Add(next);
                }
            }

            return _writes = group.Count > 0;
        }
    }

    private sealed record Waiting(TAsked Asked, CancellationToken GivesUp)
    {
        public TaskCompletionSource<TAnswer?> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
