using System.Collections.Concurrent;
using System.Globalization;

namespace Radar.Bench.Engines;

/// <summary>
/// When jobs began. Timestamps are the machine's monotonic clock, which all its processes share; a process that only works tells them on its
/// standard output.
/// </summary>
internal static class Beginnings
{
    private static readonly ConcurrentDictionary<string, TaskCompletionSource<long>> Awaited = new();

    /// <summary>Set in a process that works for another: it tells instead of keeping.</summary>
    public static bool Tell { get; set; }

    /// <summary>A job has begun, now.</summary>
    public static void Note(string id)
    {
        var at = TimeProvider.System.GetTimestamp();
        if (Tell)
        {
            Console.WriteLine($"begun {id} {at.ToString(CultureInfo.InvariantCulture)}");
        }
        else
        {
            Of(id).TrySetResult(at);
        }
    }

    /// <summary>Takes a line that another process told.</summary>
    public static void Hear(string line)
    {
        if (line.Split(' ') is ["begun", var id, var at])
        {
            Of(id).TrySetResult(long.Parse(at, CultureInfo.InvariantCulture));
        }
    }

    /// <summary>When the job began.</summary>
    public static async Task<long> OfAsync(string id, CancellationToken cancellationToken)
    {
        var at = await Of(id).Task.WaitAsync(TimeSpan.FromMinutes(2), TimeProvider.System, cancellationToken);
        Awaited.TryRemove(id, out _);
        return at;
    }

    private static TaskCompletionSource<long> Of(string id) =>
        Awaited.GetOrAdd(id, _ => new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously));
}
