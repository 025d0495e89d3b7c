namespace Radar.Jobs.Runs;

/// <summary>
/// How far each queue has come: when the newest of the tasks that began was put. A job that waits behind thousands is not lost; one that later ones have
/// overtaken may be, and so may all jobs of a queue in which nothing begins.
/// </summary>
internal sealed class QueueProgress(TimeProvider time)
{
    private readonly Dictionary<string, (DateTimeOffset Reached, long SeenAt)> _queues = [];

    /// <summary>Notes what runs now.</summary>
    /// <param name="running">Of each queue in which something runs, when the newest of it was put.</param>
    public void See(IEnumerable<(string Queue, DateTimeOffset Reached)> running)
    {
        foreach (var (queue, reached) in running)
        {
            if (!_queues.TryGetValue(queue, out var known) || reached > known.Reached)
            {
                _queues[queue] = (reached, time.GetTimestamp());
            }
        }
    }

    /// <summary>Queues that came further lately, and how far.</summary>
    /// <param name="lately">How long ago at most.</param>
    public IReadOnlyList<(string Queue, DateTimeOffset Reached)> Moving(TimeSpan lately) =>
        [.. _queues.Where(queue => time.GetElapsedTime(queue.Value.SeenAt) < lately).Select(queue => (queue.Key, queue.Value.Reached))];
}
